import { useEffect, useState } from "preact/hooks";
import { translate } from "../document";
import { isColor } from "./color";
import type { LogoSource } from "./logo";

const text = translate({
  en: { label: "Preview of the sign-in page", title: "Sign in", button: "Sign in", link: "Forgotten your password?" },
  es: { label: "Vista previa de la página de acceso", title: "Iniciar sesión", button: "Iniciar sesión", link: "¿Has olvidado tu contraseña?" },
});

/** Shows how pages of an application will look: its name and logo, a button and a link. */
export function Preview({ name, color, logo }: { name: string; color: string; logo: LogoSource }) {
  const [theme, setTheme] = useState<CSSStyleSheet | null>(null);
  useEffect(() => {
    if (!isColor(color)) {
      if (color === "") setTheme(null);
      return;
    }
    const dropped = new AbortController();
    const wait = setTimeout(() => void load(color, dropped.signal).then((sheet) => sheet && setTheme(sheet)), 100); // the picker sends many colors
    return () => (clearTimeout(wait), dropped.abort());
  }, [color]);
  useEffect(() => {
    if (!theme) return;
    document.adoptedStyleSheets.push(theme);
    return () => void (document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== theme));
  }, [theme]);

  return (
    <div class="preview" role="img" aria-label={text.label}>
      <div class="brand">
        {logo && <img src={logo} alt="" />}
        <span>{name}</span>
      </div>
      <div class="card stack">
        <strong>{text.title}</strong>
        <span class="button wide">{text.button}</span>
        <span class="links">
          <span class="link">{text.link}</span>
        </span>
      </div>
    </div>
  );
}

/** Returns the stylesheet that the pages of an application with this color have, for the preview alone. */
async function load(color: string, signal: AbortSignal): Promise<CSSStyleSheet | null> {
  try {
    const answer = await fetch(`/assets/theme-${color.slice(1).toLowerCase()}.css`, { signal });
    if (!answer.ok) return null;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync((await answer.text()).replaceAll(":root", ".preview"));
    return sheet;
  } catch {
    return null; // another color was chosen meanwhile, or the server is away: the preview keeps the color that it has
  }
}
