import { useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import * as session from "../session";
import { Action } from "../ui/action";
import { download } from "../ui/download";
import { Form, PasswordField } from "../ui/form";
import { Refusal } from "../ui/refusal";
import { Modal, needsRecentSignIn, withSession } from "../ui/signed-in";
import { text as common } from "../ui/texts";
import { forgotten, Section, type User } from "./section";

const text = translate({
  en: {
    title: "Your data",
    what: "Everything that is stored about you, as one file: your profile, devices, links, mails and what was done in your account.",
    download: "Download my data",
    downloaded: "The file is saved with your downloads.",
    deletion: "Delete account",
    goes: "Your account and everything that belongs to it goes at once, in every product, and cannot be brought back.",
    open: "Delete my account",
    title2: "Delete your account?",
    list: [
      "Your name, addresses and phone number are deleted, and your records with every product.",
      "You are signed out on all devices.",
      "Logs that have to be kept show a number instead of your name.",
      "Products may have data of their own. Ask them about it.",
    ],
    password: "Your password",
    sure: "Delete for good",
  },
  es: {
    title: "Tus datos",
    what: "Todo lo que está guardado sobre ti, en un archivo: tu perfil, dispositivos, enlaces, correos y lo que se ha hecho en tu cuenta.",
    download: "Descargar mis datos",
    downloaded: "El archivo está guardado con tus descargas.",
    deletion: "Eliminar la cuenta",
    goes: "Tu cuenta y todo lo que le pertenece se eliminan de inmediato, en todos los productos, y no se pueden recuperar.",
    open: "Eliminar mi cuenta",
    title2: "¿Eliminar tu cuenta?",
    list: [
      "Se eliminan tu nombre, tus direcciones y tu número de teléfono, y tus registros en todos los productos.",
      "Se cierra tu sesión en todos los dispositivos.",
      "Los historiales que hay que conservar muestran un número en lugar de tu nombre.",
      "Los productos pueden tener datos propios. Pregúntales por ellos.",
    ],
    password: "Tu contraseña",
    sure: "Eliminar para siempre",
  },
});
export const dataTitle = text.title;
export const deletionTitle = text.deletion;

/** The download of everything that is stored about the user. */
export function Download() {
  const [said, setSaid] = useState<string | null>(null);
  const [refused, setRefused] = useState<Answer | null>(null);

  async function send() {
    setSaid(null);
    setRefused(null);
    const outcome = await withSession(() => planoauth.usersExport({}));
    if (outcome === "unreachable" || outcome.status !== "action-successful") {
      return setRefused(needsRecentSignIn(outcome) ? null : outcome); // who closed the dialog knows
    }
    download(`planoauth-${new Date().toISOString().slice(0, 10)}.json`, outcome.data);
    setSaid(text.downloaded);
  }

  return (
    <Section id="data" title={text.title} said={said}>
      <p>{text.what}</p>
      <Refusal answer={refused} />
      <div class="row">
        <Action run={send}>{text.download}</Action>
      </div>
    </Section>
  );
}

/** The deletion of the account. deleted is called once it is gone. */
export function Deletion({ user, deleted }: { user: User; deleted(): void }) {
  const [open, setOpen] = useState(false);

  async function remove({ current_password = "" }: Record<string, string>) {
    const outcome = await withSession(() => planoauth.usersDelete(user.has_password ? { current_password } : {}));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    deleted();
    session.end();
    return null;
  }

  return (
    <Section id="deletion" title={text.deletion}>
      <p>{text.goes}</p>
      <div class="row">
        <button type="button" class="button plain danger" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          {text.open}
        </button>
      </div>
      {open && (
        <Modal title={text.title2} onClose={() => setOpen(false)}>
          <ul class="bullets">
            {text.list.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <Form
            send={remove}
            action={text.sure}
            danger
            remedy={(answer) => forgotten(answer, user)}
            beside={
              <button type="button" class="button plain" onClick={() => setOpen(false)}>
                {common.cancel}
              </button>
            }
          >
            <input name="username" autocomplete="username" value={user.email} hidden readOnly />
            {user.has_password && <PasswordField name="current_password" label={text.password} autocomplete="current-password" />}
          </Form>
        </Modal>
      )}
    </Section>
  );
}
