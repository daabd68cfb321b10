import { planoauth } from "../api";
import { translate } from "../document";
import { ApplicationForm, type Application } from "./application-form";
import { Tokens } from "./application-tokens";
import { LoadOne } from "./load-one";
import { useLoaded } from "./load";
import { useMe } from "./me";
import { NewLink } from "./records";
import { go, href } from "./route";
import { listed, text as common } from "./texts";
import { Copy } from "./ui/copy";
import { Detail } from "./ui/detail";
import { List } from "./ui/list";
import { Section } from "./ui/section";
import { Time } from "./ui/time";
import { useAnnounce, View } from "./ui/view";

const text = translate({
  en: {
    title: "Applications",
    create: "New application",
    created: "Application created",
    search: "Slug or name",
    none: "No applications yet",
    name: "Name",
    slug: "Slug",
    url: "URL",
    admits: "May sign in",
    kinds: { client: "Clients", employee: "Employees", liaison: "Liaisons" },
    settings: "Settings",
    settingsHint: "Changes take effect within a second.",
    origins: "Redirect origins",
    color: "Color",
    logo: "Logo",
    support: "Help",
    signInMail: "Mails about sign-ins",
    legacySlugs: "Misspelled slug",
    developers: "For developers",
    developersHint: "Send people to these pages. CHALLENGE stands for the S256 challenge of a verifier that your product keeps (RFC 7636).",
    signIn: "Sign-in URL",
    register: "Registration URL",
  },
  es: {
    title: "Aplicaciones",
    create: "Nueva aplicación",
    created: "Aplicación creada",
    search: "Identificador (slug) o nombre",
    none: "Aún no hay aplicaciones",
    name: "Nombre",
    slug: "Identificador (slug)",
    url: "URL",
    admits: "Pueden iniciar sesión",
    kinds: { client: "Clientes", employee: "Empleados", liaison: "Intermediarios" },
    settings: "Ajustes",
    settingsHint: "Los cambios valen en menos de un segundo.",
    origins: "Orígenes de retorno",
    color: "Color",
    logo: "Logotipo",
    support: "Ayuda",
    signInMail: "Correos sobre inicios de sesión",
    legacySlugs: "Identificador (slug) mal escrito",
    developers: "Para desarrolladores",
    developersHint: "Envía a las personas a estas páginas. CHALLENGE representa el desafío S256 de un verificador que guarda tu producto (RFC 7636).",
    signIn: "URL de acceso",
    register: "URL de registro",
  },
});

const back = { href: href("applications"), label: text.title };

const kinds = ({ admits = [] }: Application) => listed(admits.map((kind) => text.kinds[kind]));

/** The applications. */
export function Applications() {
  const { may } = useMe();
  return (
    <View title={text.title} actions={may("admin") && <NewLink section="applications" label={text.create} />}>
      <List<Application>
        label={text.title}
        search={text.search}
        least={3}
        load={(params, options) => planoauth.applicationsIndex(params, options)}
        href={({ id }) => href(`applications/${id}`)}
        columns={[
          { label: text.name, cell: ({ name }) => name },
          { label: text.slug, cell: ({ slug }) => <code>{slug}</code> },
          { label: text.url, cell: ({ url }) => url || <span class="quiet">–</span> },
          { label: text.admits, cell: kinds },
        ]}
        empty={<p class="strong">{text.none}</p>}
      />
    </View>
  );
}

/** Makes an application. */
export function NewApplication() {
  const announce = useAnnounce();
  function done({ id }: Application) {
    announce(text.created);
    go(href(`applications/${id}`));
  }
  return (
    <View title={text.create} back={back}>
      <Section title={text.settings}>
        <ApplicationForm done={done} />
      </Section>
    </View>
  );
}

/** One application. */
export function OneApplication({ id }: { id: number }) {
  const application = useLoaded((options) => planoauth.applicationsRead({ id, view: "full" }, options), [id]);
  return <LoadOne of={application} back={back}>{(shown) => <ApplicationShown application={shown} set={application.set} />}</LoadOne>;
}

function ApplicationShown({ application, set }: { application: Application; set(application: Application): void }) {
  const { may } = useMe();
  const announce = useAnnounce();

  function saved(now: Application) {
    set(now);
    announce(common.saved);
  }

  return (
    <View title={application.name!} back={back} about={<code>{application.slug}</code>}>
      <div class="panels">
        <Section title={text.settings} hint={may("admin") && text.settingsHint}>
          {may("admin") ? <ApplicationForm application={application} done={saved} /> : <Settings application={application} />}
        </Section>
        <Tokens application={application} set={set} />
        {application.slug !== "planoauth" && <Developers application={application} />}
      </div>
    </View>
  );
}

/** The settings, for those who cannot change them. */
function Settings({ application }: { application: Application }) {
  const { url, redirect_origins = [], accent_color, has_logo, slug, support_url, sign_in_mail, legacy_slugs, created_at } = application;
  return (
    <Detail
      items={[
        [text.url, url ?? ""],
        [text.origins, redirect_origins.length > 0 ? redirect_origins.map((origin) => <div key={origin}>{origin}</div>) : ""],
        [text.admits, kinds(application)],
        [text.color, accent_color ? <code>{accent_color}</code> : ""],
        [text.logo, has_logo ? <img class="logo-small" src={`/applications/${slug}/logo`} alt={text.logo} /> : ""],
        [text.support, support_url ?? ""],
        [text.signInMail, sign_in_mail ? common.yes : common.no],
        [text.legacySlugs, legacy_slugs ? common.yes : common.no],
        [common.created, <Time time={created_at} exact />],
      ]}
    />
  );
}

/** What the developers of a product need to send people to the pages here. */
function Developers({ application: { slug, url, redirect_origins = [] } }: { application: Application }) {
  const page = (path: string) => {
    const address = new URL(path, location.origin);
    address.searchParams.set("application", slug!);
    address.searchParams.set("redirect_url", url || redirect_origins[0] || "REDIRECT_URL");
    return `${address.href}&challenge=CHALLENGE`;
  };
  return (
    <Section title={text.developers} hint={text.developersHint}>
      <div class="stack tight">
        <h3>{text.signIn}</h3>
        <Copy value={page("/sign-in")} label={text.signIn} block />
        <h3>{text.register}</h3>
        <Copy value={page("/register")} label={text.register} block />
      </div>
    </Section>
  );
}
