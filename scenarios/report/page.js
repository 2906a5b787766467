// Nothing here is needed to read the page: it shows which effects are of one saga.
for (const block of document.querySelectorAll(".block[data-saga]:not([data-saga=''])")) {
  const same = document.querySelectorAll(`.block[data-saga="${block.dataset.saga}"]`);
  block.addEventListener("mouseenter", () => same.forEach((one) => one.classList.add("same")));
  block.addEventListener("mouseleave", () => same.forEach((one) => one.classList.remove("same")));
}
