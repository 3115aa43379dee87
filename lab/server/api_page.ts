/**
 * The API for people: a page made of its description, with nothing to load and nothing to run.
 *
 * @module
 */

import { html, raw } from "hono/html";

/** The parts of an OpenAPI document that the page shows. */
interface Described {
  readonly info: { readonly title: string; readonly description?: string };
  readonly paths?: object;
  readonly components?: { readonly schemas?: Readonly<Record<string, object>> };
}

/** One operation of it. */
interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: { readonly description?: string };
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { schema?: object }>> };
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>;
}

const STYLE = `
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
  body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
  h2 { font-size: 1rem; margin: 2rem 0 .25rem }
  code, pre { font: 13px/1.5 ui-monospace, monospace }
  pre { overflow: auto; padding: .5rem .75rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
  table { border-collapse: collapse; width: 100% }
  td { padding: .15rem .75rem .15rem 0; vertical-align: top }
  td:first-child { white-space: nowrap; width: 1% }
`;

/** The page. */
export function apiPage(document: Described) {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) =>
      section(method, path, operation, document.components?.schemas ?? {})
    )
  );
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>${document.info.title}: API</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
    <h1>${document.info.title}: API</h1>
    <p>${document.info.description ??
      ""} For programs: <a href="/openapi.json">openapi.json</a>.</p>
    ${operations}
      </body>
    </html>
  `;
}

function section(
  method: string,
  path: string,
  operation: Operation,
  schemas: Readonly<Record<string, object>>,
) {
  const parameters = (operation.parameters ?? []).map((one) =>
    row(
      `${one.name} (${one.in}${one.required === true ? "" : ", optional"})`,
      one.description ?? one.schema?.description ?? "",
    )
  );
  const responses = Object.entries(operation.responses ?? {}).map(([status, { description }]) =>
    row(status, description ?? "")
  );
  const body = Object.entries(operation.requestBody?.content ?? {}).map(([type, { schema }]) =>
    html`
      <tr>
        <td><code>${type}</code></td>
        <td>
          <pre>${schemaText(schema, schemas)}</pre>
        </td>
      </tr>
    `
  );
  return html`
    <section>
      <h2><code>${method.toUpperCase()} ${path}</code></h2>
      <p>${operation.summary ?? ""}</p>
      <table>${parameters}${body}${responses}</table>
    </section>
  `;
}

/** What a body is, in place of the name of it. */
function schemaText(
  schema: object | undefined,
  schemas: Readonly<Record<string, object>>,
): string {
  const name = schema !== undefined && "$ref" in schema
    ? String(schema["$ref"]).split("/").at(-1)!
    : "";
  return JSON.stringify(schemas[name] ?? schema ?? {}, null, 2);
}

function row(name: string, meaning: string) {
  return html`
    <tr>
      <td><code>${name}</code></td>
      <td>${meaning}</td>
    </tr>
  `;
}
