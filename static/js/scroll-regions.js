// A wide formula or listing scrolls sideways in its own box; where it does, the keyboard must reach the box.
function mark() {
  for (const box of document.querySelectorAll(".formula, pre.code, .tex")) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

if (document.querySelector(".formula, pre.code, .tex")) {
  requestAnimationFrame(mark); // with the first picture: asked before, the page would be laid out for this alone
  addEventListener("resize", mark);
}
