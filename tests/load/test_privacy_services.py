"""Accounts, devices, papers and folders of people at services that few errors name; what tells errors apart stays.

Each text beside how it is kept, worked out by hand. Zq7 is in everything that is private and in nothing that is kept.
"""

import pytest

from storyreport.values import clean_text

KEPT_AS = {
    "an e-mail's neighbour": ("While resolving: storykit@1.2.0 for zq7@example.org",
        "While resolving: storykit@1.2.0 for <e-mail>"),
    "a realm": ("type=LOGIN_ERROR, realmId=Zq7tales, clientId=zq7-web, error=user_not_found",
        "type=LOGIN_ERROR, realmId=<account>, clientId=<account>, error=user_not_found"),
    "a realm in quotes": ('realmName="Zq7house", error="expired_code"', 'realmName="<account>", error="expired_code"'),
    "an application": ("AADSTS50011: no match for the application '919c40bb-e237-42f0-9056-5f60974e1e21'",
        "AADSTS50011: no match for the application '<account>'"),
    "a directory": ("does not exist in the 919c40bb-e237-42f0-9056-5f60974e1e21 directory",
        "does not exist in the <account> directory"),
    "a queue of Amazon": ("no queue https://sqs.eu-west-1.amazonaws.com/123456789012/zq7-render",
        "no queue https://sqs.eu-west-1.amazonaws.com/<account>/<name>"),
    "a pool of users": ("User does not exist. pool=eu-west-1_Ab3dEfZq7", "User does not exist. pool=<account>"),
    "a user of Slack": ("ratelimited for team T0123ABZQ7D user U04ZQ7FGH78", "ratelimited for team <account>"
        " user <account>"),
    "a channel": ("'error': 'not_in_channel', channel=C04AB12ZQ7E", "'error': 'not_in_channel', channel=<account>"),
    "a record of Salesforce": ("UNABLE_TO_LOCK_ROW: 0015g00000AZq7dAAV", "UNABLE_TO_LOCK_ROW: <account>"),
    "a payment": ("/v1/payment_intents/pi_1FEUYJJrZPYjyZq7wkdSqF0B is missing", "/v1/payment_intents/<account> is"
        " missing"),
    "a card's end": ("declined: card ending in 4242", "declined: card ending in <secret>"),
    "a tenant of a pooler": ("(ENOTFOUND) tenant/user postgres.zq7jtfxbduyqcfuvzfv not found",
        "(ENOTFOUND) tenant/user <user> not found"),
    "an endpoint": ("endpoint ep-zq7-darkness-123456 is disabled", "endpoint <account> is disabled"),
    "a token for messages": ('"ExponentPushToken[xxAbZq7fGhIjKlMn]" is not registered', '"ExponentPushToken[<secret>]"'
        " is not registered"),
    "a device": ('{"reason":"BadDeviceToken"} device=740f4707bebcf74f9b7c25d48e33zq7f', '{"reason":"BadDeviceToken"}'
        " device=<account>"),
    "a key of GPG": ("encrypted with RSA key, ID 9F86D081884C7D65", "encrypted with RSA key, ID <account>"),
    "a virtual host": ("access to vhost '/zq7tales' refused", "access to vhost '<name>' refused"),
    "a virtual host of an address": ("amqp://mq:5672/zq7tales refused", "amqp://mq:5672/<name> refused"),
    "a broker": ("Connection to node 1 (kafka-zq7-03/10.0.0.4:9092)", "Connection to node 1 (<host>/<ip>:9092)"),
    "a namespace": ("pod render in namespace zq7-dev OOMKilled", "pod render in namespace <name> OOMKilled"),
    "a directory without a name": ("noSuchObject - OU=Zq7,DC=talehouse,DC=example - None", "noSuchObject - <user>"
        " - None"),
    "an identity of Windows": ("HKEY_USERS\\S-1-5-21-3623811015-3361044348-30300820-1013\\Software",
        "HKEY_USERS\\<user>\\Software"),
    "a domain's user": ("Logon failure: TALEDOM\\zq7ann: refused", "Logon failure: <user>: refused"),
    "a task's user": ("schtasks /RU TALEDOM\\svc_zq7 /RP Zq7Sommer!", "schtasks /RU <user> /RP <secret>"),
    "a share's user": ("net use Z: /user:zq7ann Zq7Winter System error 86", "net use Z: /user:<user> System error 86"),
    "a share": ("cannot open \\\\fileserver\\zq7-drafts\\a.docx", "cannot open \\\\<host>\\<name>\\a.docx"),
    "a scope": ("npm ERR! 404 '@zq7tales/player@^0.0.2' is not in the npm registry",
        "npm ERR! 404 '@<name>/player@^0.0.2' is not in the npm registry"),
    "a scope in an address": ("npm ERR! 404 GET https://registry.npmjs.org/@zq7tales%2fott",
        "npm ERR! 404 GET https://registry.npmjs.org/@<name>/ott"),
    "an image": ("pull access denied for zq7tales/renderer, repository does not exist",
        "pull access denied for <name>/renderer, repository does not exist"),
    "a branch": ("fatal: Remote branch feature/zq7-ending not found", "fatal: Remote branch <name> not found"),
    "a machine by its purpose": ("https://vault.zq7house.example:8200/v1 refused", "https://<host>:8200/v1 refused"),
    "a certificate": ("x509: certificate is valid for *.zq7.example, not api.zq7.example", "x509: certificate is valid"
        " for <host>, not <host>"),
    "an account's number": ("SEPA failed for NL91 ABNA 0417 1643 00: AC04", "SEPA failed for <secret>: AC04"),
    "a licence": ("Product key VK7JG-NPHTM-C97JM-9MPGT-3ZQ7T blocked", "Product key <secret> blocked"),
    "a number of health": ("NHS number 943 476 5919 not found", "NHS number <secret> not found"),
    "a number of Sweden": ("Personnummer 850709-9805 ogiltigt", "Personnummer <secret> ogiltigt"),
    "a company of Brazil": ("11.222.333/0001-81 is unknown", "<secret> is unknown"),
    "a place": ("GPS 52.5200, 13.4050 out of range", "GPS <address> out of range"),
    "a code": ("Invalid TOTP code 482913", "Invalid TOTP code <secret>"),
    "codes": ("backup codes 4f7k-2zq7, 8j2m-1zz0 already used", "backup codes <secret> already used"),
    "a signature": ("sha256=6ffbb59b2300aae63f272406069a97885, got none", "sha256=<secret>, got none"),
    "a token of a package": ("https://conda.anaconda.org/t/an-1b2c-zq7d/x failed", "https://conda.anaconda.org"
        "/t/<secret>/x failed"),
    "a token of Yandex": ("OAuth token y0_AgAAAABAbCdEfZq7hIj refused", "OAuth token <secret> refused"),
    "a folder of a server": ("/srv/zq7/tales/x.db: no such file", "/srv/user/tales/x.db: no such file"),
    "a folder of a disk": ("/mnt/nas/Zq7/out.mp3 is stale", "/mnt/nas/user/out.mp3 is stale"),
    "a folder of a cluster": ("/scratch/zq7/job: quota", "/scratch/user/job: quota"),
    "a disk": ("/Volumes/Zq7s Platte/tales.db: disk I/O error", "/Volumes/user/tales.db: disk I/O error"),
    "a folder of two words": ("open 'E:\\Familie Zq7\\tale.db' failed", "open 'E:\\user\\tale.db' failed"),
    "a machine's number": ("MAC 00:1A:2B:3C:4D:5E not registered", "MAC <ip> not registered"),
    "a name of SAML": ("rejected. NameID=G-8812-zq7 Issuer", "rejected. NameID=<user> Issuer"),
    "a user of Matrix": ("M_FORBIDDEN: @zq7:tales.example not in !AbZq7:tales.example", "M_FORBIDDEN: <user> not in"
        " <user>"),
    "a project of messages": ("https://fcm.googleapis.com/v1/projects/zq7-7781a/messages:send is gone",
        "https://fcm.googleapis.com/v1/projects/<account>/messages:send is gone"),
    "a bucket of Alibaba": ("<HostId>zq7img.oss-cn-qingdao.aliyuncs.com</HostId>",
        "<HostId><host>.oss-cn-qingdao.aliyuncs.com</HostId>"),
    "a user of ClickHouse": ("DB::Exception: zq7ann: Authentication failed", "DB::Exception: <user>: Authentication"
        " failed"),
    "a code's owner": ("otpauth://totp/Zq7house:anna?period=0 is wrong", "otpauth://totp/<user>?period=0 is wrong"),
    "a box": ("/var/mail/zq7: locked", "/var/mail/user: locked"),
}  # fmt: skip
STAYS = (
    "/srv/www/stories/x.db and /data/models/a.gguf and /work/venv/lib/x.py",
    "amqp://mq:5672// and vhost '/' refused",
    "node_modules/@langchain/core/dist failed, npm registry",
    "npm ERR! 404 '@types/nodes' is not in the npm registry",
    "KafkaError{code=_MSG_TIMED_OUT,val=-192}",
    "certificate is valid for api.openai.com, not localhost",
    "GET https://registry.npmjs.org/x and https://auth.docker.io/token",
    "AB12 is no account, nor is GB00 0000 0000 0000",
    "tenant=default, clientId=null, channel: 2, device=cuda:0, pool=5, namespace default",
    "redis.exceptions.ReadOnlyError, git.exc.GitCommandError",
    "1Password: 401: not authorized",
    "E:\\Program Files\\ffmpeg\\bin",
    "'\\d+\\s' is no pattern, C:\\\\Windows\\\\x",
)


@pytest.mark.parametrize("kind", KEPT_AS)
def test_what_is_taken_out(kind: str) -> None:
    text, kept = KEPT_AS[kind]
    assert clean_text(text) == kept
    # Nothing is left for `scrub`.
    assert clean_text(kept) == kept


@pytest.mark.parametrize("text", STAYS)
def test_what_stays(text: str) -> None:
    assert clean_text(text) == text
