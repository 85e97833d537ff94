"use strict";
// Shows what this listener serves. Requests go to the origin of the page, and tokens
// stay in memory.
(async () => {
  const element = document.getElementById("reference");
  const server = element.dataset.server; // of this listener, in the document
  const base = new URL(".", document.baseURI).href.replace(/\/$/, "");
  const serves = (item, common) => (item.servers ?? common).some(({ url }) => url === server);

  // An example would be sent as it is: the second request with the idempotency key of
  // an example is a replay of the first.
  const withoutExample = (parameter) => {
    if (!parameter.required) {
      delete parameter.example;
      delete parameter.examples;
    }
  };

  try {
    const response = await fetch("openapi.json", { credentials: "omit" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const spec = await response.json();
    spec.paths = Object.fromEntries(
      Object.entries(spec.paths)
        .filter(([, item]) => serves(item, spec.servers))
        .map(([path, { servers, ...item }]) => [path, item]),
    );
    const items = Object.values(spec.paths);
    const operations = items.flatMap((item) => Object.values(item)).filter((value) => value.operationId);
    spec.tags = spec.tags.filter(({ name }) => operations.some(({ tags }) => tags.includes(name)));
    Object.values(spec.components.parameters).forEach(withoutExample);
    [...items, ...operations].flatMap(({ parameters = [] }) => parameters).forEach(withoutExample);
    spec.servers = [{ url: base, description: "this listener" }];

    SwaggerUIBundle({
      spec,
      domNode: element,
      presets: [SwaggerUIBundle.presets.apis],
      layout: "BaseLayout",
      validatorUrl: null,
      queryConfigEnabled: false,
      persistAuthorization: false,
      deepLinking: true,
      tryItOutEnabled: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      syntaxHighlight: { activated: true, theme: "agate" },
    });
  } catch (error) {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = `The reference cannot be shown: ${error.message}`;
    element.replaceChildren(note);
  }
})();
