@echo off
cd /d %~dp0
storyreport ingest
storyreport check --format text
if errorlevel 1 exit /b %errorlevel%
storyreport digest --period 24h
