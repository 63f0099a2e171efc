// <p data-look-again="3"> waits for a payment: the page asks again by itself after so many seconds.
// Where scripts don't run, a meta refresh in the head does the same.
const waiting = document.querySelector("[data-look-again]");
if (waiting) setTimeout(() => location.reload(), waiting.dataset.lookAgain * 1000);
