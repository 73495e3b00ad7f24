// Draws the chart of a page that is explored with Vega-Embed, so that it answers to a mouse: the specification comes with
// the page (see src/storyreport/charts). The page is whole without it.
"use strict";
(() => {
  const PHONE = "(max-width: 640px)";

  async function draw(figure) {
    const chart = JSON.parse(figure.querySelector("script").textContent);
    const place = figure.querySelector(".drawing");
    place.replaceChildren();
    for (const { heading, spec } of matchMedia(PHONE).matches ? chart.narrow : chart.wide) {
      if (heading) place.append(Object.assign(document.createElement("h3"), { textContent: heading }));
      const part = place.appendChild(document.createElement("div"));
      await vegaEmbed(part, spec, { renderer: "svg", actions: false, config: chart.config });
    }
    figure.classList.add("drawn");
  }

  for (const figure of document.querySelectorAll("figure.exploring")) {
    const drawn = () => draw(figure).catch((error) => {
      figure.textContent = "The chart could not be drawn; the rows are below.";
      console.error("The chart cannot be drawn:", error);
    });
    drawn();
    matchMedia(PHONE).addEventListener("change", drawn);
  }
})();
