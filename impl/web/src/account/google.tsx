import { useEffect, useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { Action } from "../ui/action";
import { beginGoogle, fromGoogle } from "../ui/google";
import { Refusal } from "../ui/refusal";
import { withSession } from "../ui/signed-in";
import { focusSection, Section, type SectionProps } from "./section";

const text = translate({
  en: {
    title: "Google",
    linked: "Linked",
    is: "You can sign in with your Google account.",
    isNot: "Link your Google account to sign in with it.",
    onlyWay: "Google is your only way to sign in without a mailed link. Set a password before you unlink it.",
    recordless: "You can link Google once you are registered with a product.",
    link: "Link Google",
    unlink: "Unlink Google",
    done: "Your Google account is linked. We have told you by mail.",
    undone: "Your Google account is not linked any more.",
    conflict: "This Google account, or its address, belongs to another account here. Sign in there, or choose another Google account.",
    declined: "Google did not confirm the account. Nothing has changed.",
  },
  es: {
    title: "Google",
    linked: "Vinculada",
    is: "Puedes iniciar sesión con tu cuenta de Google.",
    isNot: "Vincula tu cuenta de Google para iniciar sesión con ella.",
    onlyWay: "Google es tu única forma de iniciar sesión sin un enlace por correo. Crea una contraseña antes de desvincularla.",
    recordless: "Podrás vincular Google cuando te registres en un producto.",
    link: "Vincular Google",
    unlink: "Desvincular Google",
    done: "Tu cuenta de Google está vinculada. Te hemos avisado por correo.",
    undone: "Tu cuenta de Google ya no está vinculada.",
    conflict: "Esta cuenta de Google, o su dirección, pertenece a otra cuenta. Inicia sesión en ella o elige otra cuenta de Google.",
    declined: "Google no ha confirmado la cuenta. No ha cambiado nada.",
  },
});
export const googleTitle = text.title;

// What Google has appended to the address is taken out of it before anything else happens.
let came = fromGoogle("link");

/** Linking and unlinking the Google account. */
export function Google({ user, changed }: SectionProps) {
  const [said, setSaid] = useState<string | null>(null);
  const [refused, setRefused] = useState<Answer | "declined" | null>(null);

  useEffect(() => {
    const from = came;
    came = null;
    if (!from) return;
    focusSection("google");
    if (from === "refused") setRefused("declined");
    else void link(from);
  }, []);

  async function link({ code, state, verifier }: Exclude<typeof came, "refused" | null>) {
    const outcome = await withSession(() => planoauth.usersGoogleLink({ code, state, verifier, view: "full" }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return setRefused(outcome);
    changed(outcome.data);
    setSaid(text.done);
  }

  async function unlink() {
    setSaid(null);
    const outcome = await withSession(() => planoauth.usersGoogleUnlink({ view: "full" }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return setRefused(outcome);
    setRefused(null);
    changed(outcome.data);
    setSaid(text.undone);
  }

  const begin = async () => (setSaid(null), setRefused(await beginGoogle("planoauth", `${location.origin}/account`, "link")));
  const possible = user.google_linked ? user.has_password : user.records!.length > 0;
  return (
    <Section id="google" title={text.title} said={said} badge={user.google_linked && <span class="badge good">{text.linked}</span>}>
      {(possible || user.google_linked) && <p>{user.google_linked ? text.is : text.isNot}</p>}
      {refused === "declined" ? <p class="notice problem">{text.declined}</p> : <Refusal answer={refused}>{isConflict(refused) && <p>{text.conflict}</p>}</Refusal>}
      {possible ? (
        <div class="row">
          <Action run={user.google_linked ? unlink : begin}>{user.google_linked ? text.unlink : text.link}</Action>
        </div>
      ) : (
        <p>{user.google_linked ? text.onlyWay : text.recordless}</p>
      )}
    </Section>
  );
}

function isConflict(answer: Answer | null): boolean {
  return answer !== null && answer !== "unreachable" && answer.status === "google-account-conflict";
}
