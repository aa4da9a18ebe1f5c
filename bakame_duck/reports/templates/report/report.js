// Draw every chart of the page from the specification that lies beside it.
for (const holder of document.querySelectorAll(".chart")) {
  const spec = JSON.parse(holder.querySelector("script").textContent);
  vegaEmbed(holder.querySelector(".canvas"), spec, {
    actions: false,
    ast: true, // no evaluation of strings as code: the page's own policy forbids it
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  }).then(
    () => { holder.dataset.drawn = "yes"; },
    (error) => { holder.dataset.drawn = "no"; console.error(error); },
  );
}
