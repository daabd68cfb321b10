import { translate } from "../document";
import { SingleCard } from "../ui/frame";

const text = translate({
  en: {
    title: "This page needs a link",
    message: "Open the mail again and press its button. If you copied the address, a part of it is missing.",
    account: "Go to your account",
  },
  es: {
    title: "Esta página necesita un enlace",
    message: "Abre de nuevo el correo y pulsa su botón. Si copiaste la dirección, le falta una parte.",
    account: "Ir a tu cuenta",
  },
});

/** The page without a link. */
export function Missing() {
  return (
    <SingleCard title={text.title}>
      <p>{text.message}</p>
      <a class="button wide" href="/account" rel="noreferrer">
        {text.account}
      </a>
    </SingleCard>
  );
}
