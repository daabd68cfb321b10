import { useEffect, useRef, useState } from "preact/hooks";
import { planoauth } from "../api";
import { data, translate } from "../document";
import { SingleCard } from "../ui/frame";
import { signOut } from "../ui/signed-in";
import { NavIcon } from "./icons";
import { useLoaded, Load } from "./load";
import { includes, MeContext, type Me } from "./me";
import { href, useRoute, type Route } from "./route";
import { sections, type Section } from "./sections";
import { View, ViewContext } from "./ui/view";
import { useWaiting } from "./waiting";

const text = translate({
  en: {
    noEmployee: "This page is for employees",
    noEmployeeWhy: (email: string) => `You are signed in as ${email}. This address has no active employee record, so there is nothing here for you.`,
    noEmployeeNext: "If that is wrong, ask an administrator of PlanoAuth. Your own details are on your account page.",
    account: "Your account",
    own: "Account",
    signOut: "Sign out",
    language: "Español",
    sections: "Sections",
    menu: "Menu",
    skip: "Skip to the content",
    missing: "Nothing here",
    missingWhy: "There is no such page in the console, or your access does not allow it.",
    opening: "Opening the console…",
    waiting: (count: number) => `${count} unacknowledged`,
    console: "Console",
  },
  es: {
    noEmployee: "Esta página es para empleados",
    noEmployeeWhy: (email: string) => `Has iniciado sesión como ${email}. Esta dirección no tiene un registro de empleado activo, así que aquí no hay nada para ti.`,
    noEmployeeNext: "Si no es correcto, consulta a un administrador de PlanoAuth. Tus datos están en la página de tu cuenta.",
    account: "Tu cuenta",
    own: "Cuenta",
    signOut: "Cerrar sesión",
    language: "English",
    sections: "Secciones",
    menu: "Menú",
    skip: "Saltar al contenido",
    missing: "Aquí no hay nada",
    missingWhy: "Esa página no existe en la consola, o tu acceso no la permite.",
    opening: "Abriendo la consola…",
    waiting: (count: number) => `${count} sin confirmar`,
    console: "Consola",
  },
});

/** The console, for somebody who is signed in: for employees, and for others a page that says so. */
export function Console() {
  const session = useLoaded((options) => planoauth.sessionsRead({ view: "full" }, options), []);
  if (session.data) {
    const { user, access } = session.data;
    return access ? <Frame me={{ id: user!.id, email: user!.email!, access }} /> : <NoEmployee email={user!.email!} />;
  }
  if (session.refusal && session.refusal !== "unreachable" && session.refusal.status === "client-required") return <NoEmployee email="" />;
  return <main class="opening">{session.refusal ? <Load of={session}>{() => null}</Load> : <p role="status">{text.opening}</p>}</main>;
}

function NoEmployee({ email }: { email: string }) {
  return (
    <SingleCard title={text.noEmployee}>
      {email && <p>{text.noEmployeeWhy(email)}</p>}
      <p>{text.noEmployeeNext}</p>
      <a class="button" href="/account">
        {text.account}
      </a>
      <button type="button" class="button plain" onClick={() => void signOut()}>
        {text.signOut}
      </button>
    </SingleCard>
  );
}

function Frame({ me }: { me: Me }) {
  const route = useRoute();
  const [title, setTitle] = useState("");
  const [said, setSaid] = useState("");
  const saidAt = useRef(0);
  const main = useRef<HTMLElement>(null);
  const waiting = useWaiting();
  const shown = sections.filter((section) => includes(me.access, section.access));

  useEffect(() => {
    document.title = `${waiting ? `(${waiting}) ` : ""}${title || text.console} · PlanoAuth`;
  }, [title, waiting]);
  useEffect(() => {
    if (!location.hash) history.replaceState(null, "", href(sections[0]!.path));
  }, []);
  function announce(sentence: string) {
    saidAt.current = performance.now();
    setSaid(sentence);
  }
  useEffect(() => { // what was said just before is about the way here, all else about another page
    if (performance.now() - saidAt.current > 1500) setSaid("");
  }, [route.section, route.item]);
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(""), 4000);
    // The button that was pressed may be gone with what it was for.
    const refocus = setTimeout(() => document.activeElement === document.body && main.current?.focus({ preventScroll: true }), 500);
    return () => (clearTimeout(timer), clearTimeout(refocus));
  }, [said]);

  return (
    <MeContext.Provider value={me}>
      <ViewContext.Provider value={{ setTitle, announce }}>
        <div class="console">
          <button type="button" class="skip button small" onClick={() => main.current?.focus()}>
            {text.skip}
          </button>
          <Navigation me={me} sections={shown} current={route.section || sections[0]!.path} waiting={waiting} />
          <main ref={main} tabIndex={-1}>
            <Current route={route} sections={shown} key={`${route.section}/${route.item}`} />
          </main>
          <p class={said ? "toast" : "toast visually-hidden"} role="status">
            {said}
          </p>
        </div>
      </ViewContext.Provider>
    </MeContext.Provider>
  );
}

/** What the address shows. */
function Current({ route: { section: path, item }, sections: allowed }: { route: Route; sections: Section[] }) {
  const section = path ? allowed.find((section) => section.path === path) : allowed[0];
  if (section) {
    const { Index, One, New } = section;
    if (item === "") return <Index />;
    if (item === "new" && New) return <New />;
    if (/^[1-9]\d{0,15}$/.test(item) && One) return <One id={Number(item)} />;
  }
  return (
    <View title={text.missing}>
      <div class="stack">
        <p>{text.missingWhy}</p>
        <p>
          <a href={href(sections[0]!.path)}>{sections[0]!.label}</a>
        </p>
      </div>
    </View>
  );
}

function Navigation({ me, sections: shown, current, waiting }: { me: Me; sections: Section[]; current: string; waiting: number }) {
  const [open, setOpen] = useState(false); // on a phone
  const other = new URL(location.href);
  other.searchParams.set("lang", data.language === "en" ? "es" : "en");
  return (
    <header class={open ? "side open" : "side"} onKeyDown={(event) => event.key === "Escape" && setOpen(false)}>
      <div class="side-head">
        <a class="brand" href={href(sections[0]!.path)}>
          <img src={icon()} alt="" width="20" height="20" />
          PlanoAuth
        </a>
        <button type="button" class="button plain small menu" aria-expanded={open} aria-controls="sections" onClick={() => setOpen(!open)}>
          {text.menu}
          {waiting > 0 && <span class="badge warning">{waiting}</span>}
        </button>
      </div>
      <div class="side-body" id="sections">
        <nav aria-label={text.sections} onClick={() => setOpen(false)}>
          {groups(shown).map(([group, of]) => (
            <div key={group} class="nav-group">
              {group && <p class="nav-title">{group}</p>}
              <ul>
                {of.map((section) => (
                  <li key={section.path}>
                    <a href={href(section.path)} aria-current={section.path === current ? "page" : undefined}>
                      <NavIcon of={section.icon} />
                      <span>{section.label}</span>
                      {section.path === "notifications" && waiting > 0 && (
                        <span class="badge warning">
                          <span aria-hidden="true">{waiting}</span>
                          <span class="visually-hidden">{text.waiting(waiting)}</span>
                        </span>
                      )}
                    </a>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        <div class="side-foot">
          <p class="me" title={me.email}>
            {me.email}
          </p>
          <p class="links">
            <a href="/account">{text.own}</a>
            <a href={other.href} lang={data.language === "en" ? "es" : "en"}>
              {text.language}
            </a>
            <button type="button" class="text-button" onClick={() => void signOut()}>
              {text.signOut}
            </button>
          </p>
        </div>
      </div>
    </header>
  );
}

/** Groups sections under their headings, in their order. */
function groups(of: Section[]): [string, Section[]][] {
  const byGroup = new Map<string, Section[]>();
  for (const section of of) byGroup.set(section.group ?? "", [...(byGroup.get(section.group ?? "") ?? []), section]);
  return [...byGroup];
}

/** The icon of the document. */
function icon(): string {
  return document.querySelector<HTMLLinkElement>('link[rel="icon"]')!.href;
}
