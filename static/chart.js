// Draws the chart of a page that is explored with Vega-Embed, so that it answers to a mouse: the specification comes with
// the page (see src/storyreport/charts), and takes the place of the picture. The page is whole without it.
"use strict";
(() => {
  const PHONE = "(max-width: 640px)";

  async function draw(figure) {
    const chart = JSON.parse(figure.querySelector("script").textContent);
    const place = Object.assign(document.createElement("div"), { className: "drawing" });
    for (const { heading, spec } of matchMedia(PHONE).matches ? chart.narrow : chart.wide) {
      if (heading) place.append(Object.assign(document.createElement("h3"), { textContent: heading }));
      const part = place.appendChild(document.createElement("div"));
      await vegaEmbed(part, spec, { renderer: "svg", actions: false, config: chart.config });
    }
    for (const before of figure.querySelectorAll(".picture, .drawing")) before.remove();
    figure.prepend(place);
    figure.classList.add("drawn");
  }

  for (const figure of document.querySelectorAll("figure.exploring")) {
    const drawn = () => draw(figure).catch((error) => {
      const said = document.createElement("p");
      said.textContent = "The chart cannot be explored: this is its picture.";
      figure.prepend(said);
      console.error("The chart cannot be drawn:", error);
    });
    drawn();
    matchMedia(PHONE).addEventListener("change", drawn);
  }
})();
