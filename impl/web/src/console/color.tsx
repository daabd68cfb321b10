import { translate } from "../document";
import { Labels, useField } from "../ui/form";
import { optional } from "./texts";

const text = translate({
  en: { label: "Color", choose: "Choose the color", hint: "Of buttons and links, such as #3745c4. Without one, they have the color of PlanoAuth." },
  es: { label: "Color", choose: "Elegir el color", hint: "De los botones y enlaces, como #3745c4. Sin él llevan el color de PlanoAuth." },
});

/** The color that the picker shows where there is none. */
const none = "#3745c4";

/** Whether a text is a color as the server takes it. */
export const isColor = (color: string) => /^#[0-9a-f]{6}$/i.test(color);

/** A field for the color of an application: as text, and with the browser's color picker. */
export function Color({ value, onChange }: { value: string; onChange(color: string): void }) {
  const { id, error, attributes } = useField("accent_color", true);
  const input = (event: { currentTarget: HTMLInputElement }) => onChange(event.currentTarget.value);
  return (
    <div class="field">
      <Labels id={id} label={optional(text.label)} hint={text.hint} error={error} />
      <div class="color">
        <input type="color" aria-label={text.choose} value={isColor(value) ? value : none} onInput={input} />
        <input name="accent_color" maxLength={7} placeholder={none} autoCapitalize="none" spellcheck={false} value={value} onInput={input} {...attributes} />
      </div>
    </div>
  );
}
