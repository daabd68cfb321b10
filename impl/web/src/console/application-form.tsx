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

export type Application = components["schemas"]["Application"];

const text = translate({
  en: {
    create: "Create the application",
    save: "Save",
    slug: "Slug",
    slugHint: "Its products use it in every call, so it never changes. Lower-case letters, digits and hyphens.",
    name: "Name",
    nameHint: "People see it on pages and in mails.",
    url: "URL",
    urlHint: "Where people go back to. https, or http on this machine.",
    urlOwn: "It is the address of this server, and cannot be set here.",
    admits: "Who may sign in",
    admitsAlways: "Employees are always admitted here.",
    kinds: { client: "Clients", employee: "Employees", liaison: "Liaisons" },
    origins: "Redirect origins",
    originsHint: "Where people may also be sent back to. The origin of the URL is always allowed.",
    looks: "Look",
    behavior: "Behavior",
    signInMail: "Mail people about each sign-in",
    legacySlugs: "Send the old spelling email-already-registerd",
    legacySlugsHint: "Only for products that were written against it.",
    support: "Help",
    supportHint: "Where people get help: an https or a mailto URL.",
    preview: "New application",
  },
  es: {
    create: "Crear la aplicación",
    save: "Guardar",
    slug: "Identificador (slug)",
    slugHint: "Sus productos lo usan en cada llamada, así que no cambia nunca. Minúsculas, cifras y guiones.",
    name: "Nombre",
    nameHint: "Se ve en las páginas y en los correos.",
    url: "URL",
    urlHint: "Adónde vuelven las personas. https, o http en esta máquina.",
    urlOwn: "Es la dirección de este servidor y no se puede cambiar aquí.",
    admits: "Quién puede iniciar sesión",
    admitsAlways: "Aquí siempre se admite a los empleados.",
    kinds: { client: "Clientes", employee: "Empleados", liaison: "Intermediarios" },
    origins: "Orígenes de retorno",
    originsHint: "Adónde más pueden volver las personas. El origen de la URL siempre se permite.",
    looks: "Aspecto",
    behavior: "Comportamiento",
    signInMail: "Avisar por correo de cada inicio de sesión",
    legacySlugs: "Enviar la grafía antigua email-already-registerd",
    legacySlugsHint: "Solo para productos escritos con ella.",
    support: "Ayuda",
    supportHint: "Dónde se obtiene ayuda: una URL https o mailto.",
    preview: "Aplicación nueva",
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
    <Form send={send} action={application ? text.save : text.create} inline>
      {!application && <Field name="slug" label={text.slug} hint={text.slugHint} maxLength={63} autoCapitalize="none" spellcheck={false} autocomplete="off" />}
      <Field name="name" label={text.name} hint={text.nameHint} maxLength={200} value={name} onInput={(event) => setName(event.currentTarget.value)} autocomplete="off" />
      <Field name="url" type="url" label={text.url} hint={own ? text.urlOwn : text.urlHint} defaultValue={before.url} readOnly={own} autocomplete="off" />
      {!own && <Origins label={text.origins} hint={text.originsHint} value={origins} onChange={setOrigins} />}
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
      <Field name="support_url" type="url" label={text.support} hint={text.supportHint} defaultValue={before.support_url} autocomplete="off" />
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
