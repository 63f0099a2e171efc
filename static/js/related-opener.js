// The boxes below an article are fetched when the reader comes near. Without scripts their link leads to them.
const place = document.querySelector("[data-related]");
if (place) {
  new IntersectionObserver(
    ([seen], watching) => {
      if (!seen.isIntersecting) return;
      watching.disconnect();
      import(place.dataset.related).then((module) => module.load(place));
    },
    { rootMargin: "400px" },
  ).observe(place);
}
