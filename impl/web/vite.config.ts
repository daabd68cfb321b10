import { defineConfig } from "vite";

const entry = (name: string) => new URL(`src/${name}`, import.meta.url).pathname;

/** Keeps the words "e-mail" and "sign-in" on one line wherever a text has them: with a hyphen at which no browser breaks it. */
const unbrokenWords = {
  name: "unbroken-words",
  transform(code: string, file: string) {
    const ours = /\/web\/src\/.*\.tsx?$/.test(file);
    return ours ? code.replace(/\be-mail|\bsign-in(?= )/gi, (word) => word.replace("-", "\u2011")) : null; // paths end at a quote
  },
};

export default defineConfig({
  plugins: [unbrokenWords],
  base: "/assets/",
  publicDir: false,
  resolve: { alias: { planoauth: new URL("../../gen/ts/src/index.ts", import.meta.url).pathname } },
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    assetsDir: "", // the names have a hash of the content
    assetsInlineLimit: 0,
    manifest: "manifest.json", // where the server finds the names
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: "es2022",
    rollupOptions: {
      input: [
        ...["base.css", "console.css", "icon.svg", "hosted.tsx", "links.tsx", "account.tsx", "console.tsx"],
        ...["reading.css", "statuses.ts", "mailbox.ts", "explorer.css", "explorer.ts"],
      ].map(entry),
    },
  },
});
