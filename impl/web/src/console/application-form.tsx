import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { Field, Form } from "../ui/form";
import { withSession } from "../ui/signed-in";
import { changes } from "./changes";
import { Color } from "./color";
import { Check, Kinds } from "./fields";
import { base64Of, Logo } from "./logo";
import { Origins } from "./origins";
import { Preview } from "./preview";
import { optional, text as common } from "./texts";

export type Application = components["schemas"]["Application"];

const text = translate({
  en: {
    create: "Create the application",
    slug: "Slug",
    slugHint: "Each API call names it, so it cannot be changed later. Use lower-case letters, digits and hyphens.",
    name: "Name",
    nameHint: "People see it on pages and in mails",
    url: "URL",
    urlHint: "Where people return after they sign in, with https://, or with http:// for localhost",
    urlOwn: "The address of this server, which cannot be changed here",
    admits: "Who may sign in",
    admitsAlways: "Employees can always sign in here",
    kinds: { client: "Clients", employee: "Employees", liaison: "Liaisons" },
    origins: "Redirect origins",
    originsHint: "Other sites that people may return to, such as a beta. The origin of the URL is always allowed.",
    looks: "Look",
    behavior: "Behavior",
    signInMail: "Mail people about each sign-in",
    legacySlugs: "Send the misspelled slug email-already-registerd",
    legacySlugsHint: "Only for products that do not know email-already-registered",
    support: "Help",
    supportHint: "Where people get help: a web address, or mailto: and an e-mail address",
    preview: "New application",
  },
  es: {
    create: "Crear la aplicación",
    slug: "Identificador (slug)",
    slugHint: "Cada llamada a la API lo lleva, así que no se puede cambiar después. Usa minúsculas, cifras y guiones.",
    name: "Nombre",
    nameHint: "Se ve en las páginas y en los correos",
    url: "URL",
    urlHint: "Adónde vuelven las personas tras iniciar sesión, con https://, o con http:// para localhost",
    urlOwn: "La dirección de este servidor, que no se puede cambiar aquí",
    admits: "Quién puede iniciar sesión",
    admitsAlways: "Aquí los empleados siempre pueden iniciar sesión",
    kinds: { client: "Clientes", employee: "Empleados", liaison: "Intermediarios" },
    origins: "Orígenes de retorno",
    originsHint: "Otros sitios a los que pueden volver las personas, como uno de pruebas. El origen de la URL siempre se permite.",
    looks: "Aspecto",
    behavior: "Comportamiento",
    signInMail: "Avisar por correo de cada inicio de sesión",
    legacySlugs: "Enviar el identificador (slug) mal escrito email-already-registerd",
    legacySlugsHint: "Solo para productos que no conocen email-already-registered",
    support: "Ayuda",
    supportHint: "Dónde se obtiene ayuda: una dirección web, o mailto: y un correo electrónico",
    preview: "Nueva aplicación",
  },
});

/** Returns where the logo of an application is, "" where it has none. A document keeps images by URL, so the URL is a new one each time. */
const logoOf = ({ slug, has_logo }: Application) => (has_logo ? `/applications/${slug}/logo?at=${Date.now()}` : "");

interface ApplicationFormProps {
  /** The application to change, in the view full; absent for a new one. */
  application?: Application;
  done(application: Application): void;
}

/** The form of an application. Of one that exists it sends only what was changed. */
export function ApplicationForm({ application, done }: ApplicationFormProps) {
  const own = application?.slug === "planoauth";
  const [before, setBefore] = useState(() => settingsOf(application));
  const [name, setName] = useState(before.name);
  const [admits, setAdmits] = useState(before.admits);
  const [origins, setOrigins] = useState(before.redirect_origins);
  const [color, setColor] = useState(before.accent_color);
  const [logo, setLogo] = useState(before.logo);

  async function send(values: Record<string, string>): Promise<Answer | null> {
    const after = {
      name,
      url: values.url!.trim(),
      admits,
      redirect_origins: origins.map((origin) => origin.trim()).filter(Boolean),
      accent_color: color.trim().toLowerCase(),
      logo,
      support_url: values.support_url!.trim(),
      sign_in_mail: values.sign_in_mail === "on",
      legacy_slugs: values.legacy_slugs === "on",
    };
    const changed: Partial<typeof after> = changes(before, after);
    if (application && Object.keys(changed).length === 0) return done(application), null;
    if (changed.logo) changed.logo = base64Of(changed.logo);
    const outcome = application
      ? await withSession(() => planoauth.applicationsUpdate({ id: application.id, ...changed, view: "full" }))
      : await withSession(() => planoauth.applicationsCreate({ slug: values.slug!, ...changed, name, view: "full" }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    begin({ ...settingsOf(outcome.data), logo });
    done(outcome.data);
    return null;
  }

  /** Takes what the server has now, which may be written otherwise than it was typed. */
  function begin(now: typeof before) {
    setBefore(now);
    setAdmits(now.admits);
    setOrigins(now.redirect_origins);
    setColor(now.accent_color);
  }

  return (
    <Form send={send} action={application ? common.save : text.create} inline>
      {!application && <Field name="slug" label={text.slug} hint={text.slugHint} maxLength={63} autoCapitalize="none" spellcheck={false} autocomplete="off" />}
      <Field name="name" label={text.name} hint={text.nameHint} maxLength={200} value={name} onInput={(event) => setName(event.currentTarget.value)} autocomplete="off" />
      <Field name="url" type="url" label={own ? text.url : optional(text.url)} hint={own ? text.urlOwn : text.urlHint} defaultValue={before.url} readOnly={own} autocomplete="off" />
      {!own && <Origins label={optional(text.origins)} hint={text.originsHint} value={origins} onChange={setOrigins} />}
      <Kinds
        param="admits"
        label={text.admits}
        options={text.kinds}
        always={own ? "employee" : undefined}
        why={text.admitsAlways}
        value={admits}
        onChange={setAdmits}
      />
      <h3>{text.looks}</h3>
      <div class="look">
        <div class="stack">
          <Color value={color} onChange={setColor} />
          <Logo value={logo} onChange={setLogo} />
        </div>
        <Preview name={name || text.preview} color={color} logo={logo} />
      </div>
      <Field name="support_url" type="url" label={optional(text.support)} hint={text.supportHint} defaultValue={before.support_url} autocomplete="off" />
      <h3>{text.behavior}</h3>
      <Check name="sign_in_mail" label={text.signInMail} defaultChecked={before.sign_in_mail} />
      <Check name="legacy_slugs" label={text.legacySlugs} hint={text.legacySlugsHint} defaultChecked={before.legacy_slugs} />
    </Form>
  );
}

/** Returns what the form changes, as it is now. */
function settingsOf(application: Application | undefined) {
  return {
    name: application?.name ?? "",
    url: application?.url ?? "",
    admits: [...(application?.admits ?? ["client"])].sort(),
    redirect_origins: application?.redirect_origins ?? [],
    accent_color: application?.accent_color ?? "",
    logo: application ? logoOf(application) : "",
    support_url: application?.support_url ?? "",
    sign_in_mail: application?.sign_in_mail ?? false,
    legacy_slugs: application?.legacy_slugs ?? false,
  };
}
