// What a page does beside its charts: links that are copied, and the catalogue's search. The page is whole without it.
"use strict";
(() => {
  function copyable(link) {
    link.addEventListener("click", async (event) => {
      if (!navigator.clipboard) return;
      event.preventDefault();
      await navigator.clipboard.writeText(link.href);
      link.textContent = "Copied";
    });
    if (navigator.clipboard) link.textContent = "Copy link";
  }

  // The catalogue shows what holds every word; the form does the same where this does not run.
  function searchable(form) {
    const input = form.querySelector("[type=search]");
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const item of document.querySelectorAll(".catalogue li")) {
        item.hidden = !wanted.every((word) => item.dataset.words.includes(word));
      }
      const topics = [...document.querySelectorAll(".catalogue section")];
      for (const topic of topics) topic.hidden = !topic.querySelector("li:not([hidden])");
      document.querySelector(".none").hidden = topics.some((topic) => !topic.hidden);
    });
  }

  // A choice in the bar is shown at once; `/` leads to the search, where Datasette has none of its own.
  for (const select of document.querySelectorAll(".bar-choices select")) {
    select.addEventListener("change", () => select.form.submit());
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, textarea, select") || document.querySelector("navigation-search")) return;
    event.preventDefault();
    // On a phone the bar is folded up.
    const opener = document.querySelector("#bar-open");
    if (opener && !document.querySelector("#q")) opener.checked = true;
    (document.querySelector("#q") ?? document.querySelector("#bar-q"))?.focus();
  });

  // Datasette 0.65 does not say what language its pages are in.
  document.documentElement.lang ||= "en";
  // Nor where the page begins below the bar.
  document.querySelector("section.content")?.setAttribute("role", "main");
  // Nor does it let the keyboard scroll a wide row.
  for (const wide of document.querySelectorAll(".table-wrapper:not([tabindex])")) wide.tabIndex = 0;
  document.querySelectorAll("a.copy").forEach(copyable);
  document.querySelectorAll("form.search").forEach(searchable);
})();
