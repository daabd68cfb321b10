import type { ComponentChildren } from "preact";
import { data, translate } from "../document";
import { SingleCard } from "../ui/frame";
import { link } from "./link";

const text = translate({
  en: { next: (name: string) => `Continue to ${name}`, close: "You can close this page.", help: "Ask for help" },
  es: { next: (name: string) => `Continuar a ${name}`, close: "Puedes cerrar esta página.", help: "Pedir ayuda" },
});

/** Says what happened, and leads back to the product. */
export function Done({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <SingleCard title={title}>
      {children}
      <Next />
    </SingleCard>
  );
}

/** The way back to the product, as far as there is one. */
export function Next({ plain = false }: { plain?: boolean }) {
  if (!link.next) return <p class="quiet">{text.close}</p>;
  return (
    <a class={`button wide${plain ? " plain" : ""}`} href={link.next} rel="noreferrer">
      {text.next(data.application.name)}
    </a>
  );
}

/** The way to the help of the product, where it has any, and the way back to it. */
export function HelpOrNext() {
  const help = data.application.support_url;
  return (
    <>
      {help && (
        <a class="button wide" href={help} rel="noreferrer">
          {text.help}
        </a>
      )}
      <Next plain={help !== undefined} />
    </>
  );
}
