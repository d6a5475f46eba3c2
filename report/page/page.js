// A click shows a picture as large as the page allows.
document.querySelectorAll("figure img").forEach((image) => {
  image.addEventListener("click", () => image.parentElement.classList.toggle("full"));
});
