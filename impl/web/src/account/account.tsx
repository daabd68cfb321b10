import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { data, translate } from "../document";
import { Action } from "../ui/action";
import { Brand, Footer, SingleCard } from "../ui/frame";
import { Refusal } from "../ui/refusal";
import { signOut, useSession, withSession } from "../ui/signed-in";
import { Devices, devicesTitle } from "./devices";
import { Email, emailTitle } from "./email";
import { Google, googleTitle } from "./google";
import { Password, passwordTitle } from "./password";
import { dataTitle, Deletion, deletionTitle, Download } from "./personal-data";
import { Profile, profileTitle } from "./profile";
import type { User } from "./section";
import { Staying, stayingTitle } from "./staying";

const text = translate({
  en: {
    title: "Your account",
    sections: "Sections",
    skip: "Skip to your account",
    console: "Console",
    signOut: "Sign out",
    again: "Try again",
    recordless: "You are not registered with a product yet. Open the product that you want to use, and register there with this address.",
    recordlessMore: "Until then you can do everything on this page but link a Google account.",
    meaning: "Why this is so",
    deleted: "Your account is deleted",
    deletedMore: "Everything that belonged to it is gone, and you are signed out everywhere. If your address was confirmed, we have sent you a mail about it.",
  },
  es: {
    title: "Tu cuenta",
    sections: "Secciones",
    skip: "Ir a tu cuenta",
    console: "Consola",
    signOut: "Cerrar sesión",
    again: "Volver a intentarlo",
    recordless: "Todavía no te has registrado en ningún producto. Abre el producto que quieras usar y regístrate allí con esta dirección.",
    recordlessMore: "Hasta entonces puedes hacer todo lo de esta página salvo vincular una cuenta de Google.",
    meaning: "Por qué es así",
    deleted: "Tu cuenta se ha eliminado",
    deletedMore: "Todo lo que le pertenecía ha desaparecido y tu sesión está cerrada en todas partes. Si tu dirección estaba confirmada, también te lo dirá un correo.",
  },
});

/** The page /account of somebody who is signed in. */
export function Account() {
  const current = useSession();
  const [user, setUser] = useState<User | null>(null);
  const [refused, setRefused] = useState<Answer | null>(null);
  const [deleted, setDeleted] = useState(false);
  const [passwords, setPasswords] = useState(0); // set since the page was opened

  async function read() {
    const outcome = await withSession(() => planoauth.usersRead({ view: "full" }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return setRefused(outcome);
    setRefused(null);
    setUser(outcome.data);
  }
  useEffect(() => void read(), []);
  useEffect(() => void (document.title = `${text.title} · PlanoAuth`), []);

  if (deleted) {
    return (
      <SingleCard title={text.deleted}>
        <p>{text.deletedMore}</p>
      </SingleCard>
    );
  }
  if (refused) {
    return (
      <SingleCard title={text.title}>
        <Refusal answer={refused} />
        <Action class="button wide" run={read}>
          {text.again}
        </Action>
      </SingleCard>
    );
  }
  if (!user) return null;
  const props = { user, changed: setUser };
  const sections: [id: string, title: string, content: ComponentChildren][] = [
    ["profile", profileTitle, <Profile {...props} />],
    ["email", emailTitle, <Email {...props} />],
    ["password", passwordTitle, <Password {...props} signedOut={() => setPasswords(passwords + 1)} />],
    ["google", googleTitle, <Google {...props} />],
    ["staying", stayingTitle, <Staying {...props} />],
    ["devices", devicesTitle, <Devices own={current.id} version={passwords} />],
    ["data", dataTitle, <Download />],
    ["deletion", deletionTitle, <Deletion user={user} deleted={() => setDeleted(true)} />],
  ];
  const shown = sections.filter(([id]) => id !== "google" || data.google || user.google_linked);
  return (
    <div class="account">
      <Bar employee={current.roles?.includes("employee") ?? false} />
      <nav aria-label={text.sections}>
        <ul>
          {shown.map(([id, title]) => (
            <li key={id}>
              <a href={`#${id}`}>{title}</a>
            </li>
          ))}
        </ul>
      </nav>
      <main class="stack" id="main" tabIndex={-1}>
        <Heading user={user} />
        {shown.map(([, , content]) => content)}
      </main>
      <Footer />
    </div>
  );
}

function Bar({ employee }: { employee: boolean }) {
  return (
    <header class="row apart">
      <a class="skip button" href="#main">
        {text.skip}
      </a>
      <span class="brand">
        <Brand />
      </span>
      <div class="row">
        {employee && (
          <a class="button plain small" href="/console">
            {text.console}
          </a>
        )}
        <Action class="button plain small" run={signOut}>
          {text.signOut}
        </Action>
      </div>
    </header>
  );
}

function Heading({ user }: { user: User }) {
  const name = [user.first_name, user.last_name].filter(Boolean).join(" ");
  return (
    <>
      <div>
        <h1>{text.title}</h1>
        <p class="quiet">
          {name && `${name} · `}
          {user.email}
        </p>
      </div>
      {user.records!.length === 0 && (
        <div class="notice warning stack tight">
          <p>{text.recordless}</p>
          {data.google && <p>{text.recordlessMore}</p>}
          <p class="small">
            <a href="/statuses/client-required" target="_blank" rel="noreferrer">
              {text.meaning}
            </a>
          </p>
        </div>
      )}
    </>
  );
}
