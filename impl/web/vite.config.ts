import { defineConfig } from "vite";

const entry = (name: string) => new URL(`src/${name}`, import.meta.url).pathname;

/** Keeps the word "e-mail" on one line wherever a text has it: with a hyphen at which no browser breaks a line. */
const unbrokenEmail = {
  name: "unbroken-email",
  transform: (code: string, file: string) => (/\/web\/src\/.*\.tsx?$/.test(file) ? code.replace(/\b(e)-mail/gi, "$1\u2011mail") : null),
};

export default defineConfig({
  plugins: [unbrokenEmail],
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
