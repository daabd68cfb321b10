import { useLayoutEffect, useRef } from "preact/hooks";
import { translate } from "../document";
import { Notes, useField } from "../ui/form";

const text = translate({
  en: {
    origin: (number: number) => `Origin ${number}`,
    add: "Add an origin",
    remove: (origin: string) => (origin ? `Remove ${origin}` : "Remove the empty origin"),
    removeShort: "Remove",
  },
  es: {
    origin: (number: number) => `Origen ${number}`,
    add: "Añadir un origen",
    remove: (origin: string) => (origin ? `Quitar ${origin}` : "Quitar el origen vacío"),
    removeShort: "Quitar",
  },
});

interface OriginsProps {
  label: string;
  hint: string;
  value: string[];
  onChange(origins: string[]): void;
}

/** A list of inputs for the redirect origins of an application. */
export function Origins({ label, hint, value, onChange }: OriginsProps) {
  const { id, error, attributes } = useField("redirect_origins", true);
  const list = useRef<HTMLFieldSetElement>(null);
  const length = useRef(value.length);
  useLayoutEffect(() => {
    // A new input takes the focus. After a removal the focus stays in the list, and does not fall back to the page.
    if (value.length > length.current) list.current!.querySelector<HTMLElement>("li:last-child input")!.focus();
    if (value.length < length.current) list.current!.querySelector<HTMLElement>(".add")!.focus();
    length.current = value.length;
  }, [value.length]);

  return (
    <fieldset class="field" ref={list} aria-describedby={attributes["aria-describedby"]}>
      <legend>{label}</legend>
      <Notes id={id} hint={hint} error={error} />
      {value.length > 0 && (
        <ul class="inputs">
          {value.map((origin, i) => (
            <li key={i} class="row">
              <input
                type="url"
                aria-label={text.origin(i + 1)}
                aria-invalid={attributes["aria-invalid"]}
                placeholder="https://beta.example.com"
                autoCapitalize="none"
                spellcheck={false}
                value={origin}
                onInput={(event) => onChange(value.with(i, event.currentTarget.value))}
              />
              <button type="button" class="button plain" aria-label={text.remove(origin)} onClick={() => onChange(value.toSpliced(i, 1))}>
                {text.removeShort}
              </button>
            </li>
          ))}
        </ul>
      )}
      <div>
        <button type="button" class="button plain small add" onClick={() => onChange([...value, ""])}>
          {text.add}
        </button>
      </div>
    </fieldset>
  );
}
