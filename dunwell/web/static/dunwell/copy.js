// A button with data-copies="id" copies that field's value and says so.
addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copies);
  field.select();
  await navigator.clipboard.writeText(field.value);
  button.setAttribute("aria-pressed", "true");
  button.lastChild.textContent = "✓";
});
