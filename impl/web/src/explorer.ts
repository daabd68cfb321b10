/**
 * The explorer: Swagger UI on /openapi.yaml. Sensitive operations take base64 of a JSON object. People read and type
 * the JSON here; the page encodes it.
 */

interface Schema {
  $ref?: string;
  example?: unknown;
  "x-decoded-schema"?: Schema;
}

interface Body {
  description: string;
  content: Record<string, { schema: Schema; examples?: Record<string, { value: string; description?: string }> }>;
}

interface Spec {
  info: { description: string };
  paths: Record<string, Record<string, { requestBody?: Body; "x-sensitive"?: boolean }>>;
  components: { schemas: Record<string, Schema> };
}

/** A component of React, which Swagger UI passes to its plugins. */
type Component = (props: Record<string, unknown>) => unknown;

interface React {
  createElement(kind: string | Component, props: Record<string, unknown> | null, ...children: unknown[]): unknown;
  useState<State>(initial: State): [State, (next: State) => void];
}

declare function SwaggerUIBundle(options: Record<string, unknown>): {
  preauthorizeApiKey(scheme: string, token: string): void;
};

const encode = (text: string): string =>
  btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));

function decode(base64: string): unknown {
  const bytes = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
}

/**
 * Leaves base64 of JSON, which somebody pasted, as it is. Everything else is encoded as typed, even if it is not JSON:
 * the server refuses that.
 */
function encodeUnlessEncoded(text: string): string {
  try {
    decode(text);
    return text;
  } catch {
    return encode(text);
  }
}

/** Changes the page's copy of the spec so that people can read it. */
function readable(spec: Spec): Spec {
  for (const operation of Object.values(spec.paths).flatMap((path) => Object.values(path))) {
    if (operation["x-sensitive"]) showDecoded(operation.requestBody!, spec);
  }
  spec.info.description = folded(spec.info.description);
  return spec;
}

/** Replaces the base64 body of a sensitive operation by the object that it encodes. */
function showDecoded(body: Body, spec: Spec): void {
  const media = body.content["text/plain"]!;
  body.description = "Type JSON: the explorer sends base64 of it, as `text/plain`.";
  media.schema = media.schema["x-decoded-schema"]!;
  // Swagger UI prints it unreadably, and the examples below contain it.
  delete spec.components.schemas[media.schema.$ref!.split("/").pop()!]!.example;
  for (const example of Object.values(media.examples ?? {})) {
    example.value = JSON.stringify(decode(example.value), null, 2);
    delete example.description; // says that the example is base64
  }
}

/** Folds each section of a text away under its heading, so that the operations are in sight. */
function folded(text: string): string {
  const [first, ...sections] = text.split(/^## /m);
  return (
    first +
    sections
      .map((section) => {
        const end = section.indexOf("\n");
        return `<details><summary>${section.slice(0, end)}</summary>\n\n${section.slice(end + 1).trim()}\n\n</details>\n\n`;
      })
      .join("")
  );
}

interface Envelope {
  status?: string;
  data?: { token?: string };
  session?: { token?: string };
}

function parse(content: unknown): Envelope {
  try {
    return JSON.parse(String(content)) as Envelope;
  } catch {
    return {}; // not an envelope, such as a failure of the network
  }
}

/** Above the body of an answer: a link to the page of its status, and a button that uses its token. */
const outcome = (React: React): Component =>
  function Outcome({ content }) {
    const envelope = parse(content);
    const token = envelope.data?.token ?? envelope.session?.token;
    const [used, use] = React.useState<string | undefined>(undefined);
    const h = React.createElement;
    const apply = () => {
      ui.preauthorizeApiKey("bearer", token!);
      use(token);
    };
    return h(
      "p",
      { className: "outcome" },
      envelope.status && h("a", { href: `/statuses/${encodeURIComponent(envelope.status)}` }, `What ${envelope.status} means`),
      token && h("button", { type: "button", className: "button plain small use-token", onClick: apply }, "Use this token"),
      h("span", { role: "status" }, used && used === token ? "All calls send it now." : ""),
    );
  };

const plugin = ({ React }: { React: React }) => ({
  statePlugins: {
    spec: { wrapActions: { updateJsonSpec: (update: (spec: Spec) => unknown) => (spec: Spec) => update(readable(spec)) } },
  },
  wrapComponents: {
    // The path stands in a button, in which there must be no link.
    DeepLink: () => (props: Record<string, unknown>) => React.createElement("span", null, props.text),
    Button: (Original: Component) => (props: Record<string, unknown>) => {
      const ends = props.children === "Logout";
      return React.createElement(Original, ends ? { ...props, "aria-label": undefined, children: "Sign out" } : props);
    },
    responseBody: (Original: Component) => {
      const Outcome = outcome(React);
      return (props: Record<string, unknown>) =>
        React.createElement("div", null, React.createElement(Outcome, props), React.createElement(Original, props));
    },
  },
});

/** Names the controls that Swagger UI leaves without a name, and lets the keyboard scroll what is wider than its box. */
function nameControls(): void {
  const each = (selector: string, change: (element: Element) => void) =>
    document.querySelectorAll(`#explorer ${selector}`).forEach(change);
  for (const [selector, name] of Object.entries({
    ".copy-to-clipboard button": "Copy",
    ".close-modal": "Close",
    ".examples-select-element": "Example",
    ".body-param__text": "Request body",
  })) {
    each(`${selector}:not([aria-label])`, (control) => control.setAttribute("aria-label", name));
  }
  each("pre.microlight:not([tabindex])", (code) => code.setAttribute("tabindex", "0"));
  each("table[role='region']", (table) => table.removeAttribute("role"));
  each(".auth-container h6:not([role])", (heading) => heading.setAttribute("role", "presentation"));
}

let ui: ReturnType<typeof SwaggerUIBundle>;

// Swagger UI's own script stands after this one.
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(nameControls).observe(document.getElementById("explorer")!, { childList: true, subtree: true });
  ui = SwaggerUIBundle({
    dom_id: "#explorer",
    url: "/openapi.yaml",
    plugins: [plugin],
    requestInterceptor: (request: { headers?: Record<string, string>; body: string }) => {
      // Only sensitive operations take text/plain.
      if (request.headers?.["Content-Type"] === "text/plain") request.body = encodeUnlessEncoded(request.body);
      return request;
    },
    validatorUrl: null, // a badge would call swagger.io
    persistAuthorization: false, // keeps tokens out of localStorage
    deepLinking: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    showExtensions: true, // x-retry, x-remedy
    defaultModelsExpandDepth: 0,
  });
});
