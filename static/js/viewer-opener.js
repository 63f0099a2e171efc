// Figures and tables open in a viewer, which is fetched when the first one is asked for: a press on the picture, or on
// the button that this puts under each. Without scripts the picture is a link, and a page lists everything to download.
const viewer = document.querySelector("script[data-viewer]")?.dataset.viewer;
const all = viewer ? [...document.querySelectorAll(".full-text :is(figure.fig, figure.table-wrap)[id]")] : [];
const figures = all.filter((figure) => figure.querySelector("img:not(.inline-image), table")); // not those left out

function open(figure, opener) {
  import(viewer).then(
    (module) => module.open(figures, figure, opener),
    () => opener.href && location.assign(opener.href),
  );
}

for (const figure of figures) {
  const name = figure.querySelector(".label")?.textContent.trim();
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy enlarge";
  button.textContent = word("Enlarge");
  if (name) button.setAttribute("aria-label", word("Enlarge {name}").replace("{name}", name));
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", () => open(figure, button));
  figure.append(button);
  figure.addEventListener("click", (event) => {
    const link = event.target.closest("a.zoom");
    if (!link || link.closest("figure") !== figure || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(figure, link);
  });
}
