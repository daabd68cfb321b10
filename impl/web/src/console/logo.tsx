import { useRef, useState } from "preact/hooks";
import { translate } from "../document";
import { Labels, useField } from "../ui/form";
import { optional } from "./texts";

const text = translate({
  en: {
    label: "Logo",
    hint: "A PNG or WebP of at most 32 KiB. It is shown 36 pixels high.",
    choose: "Choose a file",
    none: "No file",
    remove: "Remove the logo",
    type: "This file is neither a PNG nor a WebP. Choose one that is.",
    size: (kib: number) => `This file has ${kib} KiB. Choose one of at most 32 KiB.`,
    unreadable: "This file cannot be read. Choose it again, or choose another one.",
  },
  es: {
    label: "Logotipo",
    hint: "Un PNG o WebP de 32 KiB como máximo. Se muestra con 36 píxeles de alto.",
    choose: "Elegir un archivo",
    none: "Sin archivo",
    remove: "Quitar el logotipo",
    type: "Este archivo no es PNG ni WebP. Elige uno que lo sea.",
    size: (kib: number) => `Este archivo tiene ${kib} KiB. Elige uno de 32 KiB como máximo.`,
    unreadable: "No se puede leer este archivo. Vuelve a elegirlo o elige otro.",
  },
});

const maxBytes = 32 << 10;

/** The source of an image: a path of this server, a data URL of a chosen file, or "" for no logo. */
export type LogoSource = string;

/** Returns the logo of a data URL as the server takes it. */
export const base64Of = (source: LogoSource) => source.slice(source.indexOf(",") + 1);

/** A field for the logo of an application, which is read in the browser. */
export function Logo({ value, onChange }: { value: LogoSource; onChange(logo: LogoSource): void }) {
  const [problem, setProblem] = useState<string>();
  const [chosen, setChosen] = useState("");
  const { id, error, attributes } = useField("logo", true, problem);
  const input = useRef<HTMLInputElement>(null);

  async function choose() {
    const file = input.current!.files![0];
    setChosen(file?.name ?? "");
    if (!file) return;
    if (!["image/png", "image/webp"].includes(file.type)) return setProblem(text.type);
    if (file.size > maxBytes) return setProblem(text.size(Math.ceil(file.size / 1024)));
    try {
      onChange(await dataURL(file));
      setProblem(undefined);
    } catch {
      setProblem(text.unreadable);
    }
  }

  function remove() {
    input.current!.value = "";
    input.current!.focus(); // the button goes away
    setProblem(undefined);
    setChosen("");
    onChange("");
  }

  return (
    <div class="field">
      <Labels id={id} label={optional(text.label)} hint={text.hint} error={error} />
      <div class="file">
        <input type="file" accept="image/png,image/webp" title={chosen || text.none} ref={input} onChange={choose} {...attributes} />
        <span aria-hidden="true">
          <span class="button plain small">{text.choose}</span>
          {chosen || text.none}
        </span>
      </div>
      {value && (
        <div class="row logo">
          <img src={value} alt="" />
          <button type="button" class="button plain small" onClick={remove}>
            {text.remove}
          </button>
        </div>
      )}
    </div>
  );
}

function dataURL(file: File): Promise<LogoSource> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
