(() => {
  const tip = document.createElement("div");
  tip.className = "tip";
  document.body.append(tip);
  for (const hit of document.querySelectorAll("[data-tip] > title")) hit.remove();
  document.addEventListener("pointermove", (event) => {
    const hit = event.target.closest?.("[data-tip]");
    tip.classList.toggle("on", Boolean(hit));
    if (!hit) return;
    tip.textContent = hit.dataset.tip;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = Math.max(8, Math.min(event.clientX + 14, innerWidth - width - 8)) + "px";
    tip.style.top = (event.clientY - height - 14 > 0 ? event.clientY - height - 14 : event.clientY + 18) + "px";
  });
  document.addEventListener("scroll", () => tip.classList.remove("on"), { passive: true });
  const copy = document.querySelector("[data-copy]");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", () =>
      navigator.clipboard.writeText(document.querySelector(copy.dataset.copy).textContent.trim()).then(
        () => (copy.textContent = "Copied"),
        () => (copy.textContent = "Select it by hand"),
      ),
    );
  }
})();
