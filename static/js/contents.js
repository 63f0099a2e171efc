// Marks the section being read in the list of contents.
const links = new Map();
for (const link of document.querySelectorAll("[data-contents] a[href^='#']")) {
  const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (target) links.set(target, [...(links.get(target) ?? []), link]);
}

// A long list scrolls by itself: the marked line stays in its sight, and the page stays where it is.
function keepInSight(link) {
  const list = link.closest("[data-contents]");
  const frame = list.getBoundingClientRect();
  const box = link.getBoundingClientRect();
  if (box.top < frame.top) list.scrollTop += box.top - frame.top;
  else if (box.bottom > frame.bottom) list.scrollTop += box.bottom - frame.bottom;
}

function mark(current) {
  for (const [target, same] of links) {
    for (const link of same) {
      if (target === current) {
        link.setAttribute("aria-current", "location");
        keepInSight(link);
      } else link.removeAttribute("aria-current");
    }
  }
}

if (links.size) {
  const targets = [...links.keys()];
  let waiting = true;
  const update = () => {
    waiting = false;
    const line = innerHeight * 0.3;
    const read = (target) => target.getClientRects().length && target.getBoundingClientRect().top <= line;
    mark(targets.findLast(read)); // what another language's panel hides is not being read
  };
  addEventListener(
    "scroll",
    () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(update);
    },
    { passive: true },
  );
  requestAnimationFrame(update); // where things lie is known with the first picture; asked before, it would hold that up
}
