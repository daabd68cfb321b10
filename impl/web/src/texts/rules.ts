import type { ParamError } from "planoauth";
import { translate } from "../document";

/** What one rule says of a param: its name without the path, and the number in the rule, such as a length; 0 for none. */
type Text = (param: string, limit: number) => string;

/** A text for each param that needs its own, and one for the others. */
function byParam(texts: Record<string, string>, others: string): Text {
  return (param) => texts[param] ?? others;
}

const reload = {
  en: "This page and the server do not fit together. Reload the page.",
  es: "Esta página y el servidor no encajan. Vuelve a cargar la página.",
};

const required = {
  en: byParam(
    {
      email: "Enter an e-mail address",
      password: "Enter a password",
      current_password: "Enter your current password",
      first_name: "Enter a first name",
      last_name: "Enter a last name",
      phone: "Enter a phone number",
      name: "Enter a name",
      company_name: "Enter the name of the company",
      slug: "Enter a slug",
      company_id: "Choose a company",
      admits: "Choose at least one group of people",
      term: "Enter what to search for",
      redirect_url: "The application has no address to lead back to. Its developers have to name one.",
      token: "Set a password first. Without one, you could not sign in any more.",
    },
    "Fill this in",
  ),
  es: byParam(
    {
      email: "Escribe un correo electrónico",
      password: "Escribe una contraseña",
      current_password: "Escribe tu contraseña actual",
      first_name: "Escribe un nombre",
      last_name: "Escribe los apellidos",
      phone: "Escribe un número de teléfono",
      name: "Escribe un nombre",
      company_name: "Escribe el nombre de la empresa",
      slug: "Escribe un identificador",
      company_id: "Elige una empresa",
      admits: "Elige al menos un grupo de personas",
      term: "Escribe lo que quieres buscar",
      redirect_url: "La aplicación no tiene una dirección a la que volver. Sus desarrolladores deben indicar una.",
      token: "Crea primero una contraseña. Sin ella no podrías volver a iniciar sesión.",
    },
    "Completa este campo",
  ),
};

const rules = translate<Record<ParamError["rule"], Text>>({
  en: {
    required: required.en,
    type: byParam(
      {
        company_id: "Enter the number of the company, in digits only",
        id: "Enter a number, in digits only",
        user_id: "Enter a number, in digits only",
      },
      reload.en,
    ),
    format: byParam(
      {
        email: "Enter an e-mail address like name@example.com",
        redirect_url: "Enter a full web address that begins with https://",
        url: "Enter a full web address that begins with https://, without wildcards",
        redirect_origins: "Enter addresses like https://app.example or https://app.example:8443, without a path, each on its own",
        support_url: "Enter a web address like https://help.example, or mailto:help@app.example",
        logo: "Choose a picture in the format PNG or WebP",
        after: "The list has changed. Reload the page.",
      },
      "Check how this is written",
    ),
    enum: () => "Choose one of the options",
    pattern: byParam(
      {
        slug: "Begin with a lower-case letter. After it, use lower-case letters, digits and hyphens.",
        accent_color: "Enter a color like #3366cc",
        challenge: reload.en,
      },
      "Use one line with at least one letter or digit",
    ),
    minLength(param, limit) {
      if (limit <= 1) return required.en(param, limit);
      return `Use at least ${limit} characters`;
    },
    maxLength(param, limit) {
      if (param === "logo") return "Choose a picture of at most 32 KiB";
      return `Use at most ${limit} ${param === "redirect_origins" ? "addresses" : "characters"}`;
    },
    minimum: (_, limit) => `Enter a number that is ${limit} or higher`,
    maximum: (_, limit) => `Enter a number that is ${limit} or lower`,
    additionalProperties: () => reload.en,
    exists: byParam(
      {
        company_id: "There is no company with this number",
        application: "There is no such application",
        session_id: "This sign-in has ended already",
      },
      "This does not exist any more. Reload the page.",
    ),
    allowed: byParam(
      {
        redirect_url: "This address does not belong to the application. Its developers have to add it.",
        application: "People cannot register for this application",
        email: "This is not the e-mail address of this account",
        password: "This account has a password already",
        current_password: "This account has no password. Leave this empty.",
        suspended: "You cannot suspend yourself or the last administrator",
        active: "At least one active administrator has to remain",
        access: "At least one active administrator has to remain",
        token: "You are the last administrator. Make somebody else an administrator first.",
        id: "This cannot be done to your own account, nor to the last administrator",
        deployed: "The administration itself needs this, so it stays switched on",
        url: "The address of PlanoAuth itself cannot be changed here",
        admits: "PlanoAuth itself has to stay open to employees",
        redirect_origins: "PlanoAuth itself has no other addresses",
      },
      "This is not possible here",
    ),
    recent_sign_in: () => "For your safety, sign out, sign in again, and do this within 15 minutes",
    possible: () => "Enter a phone number that exists, with its country code, like +1\u00a0212\u00a0555\u00a02368",
    no_url: () => "Enter a name without a web address in it",
    active: () => "This company is closed. Choose another one.",
    guessable: () => "This password is easy to guess. Use a longer one, such as a few unusual words.",
    own_words: () => "This password is made of your name, your address or the name of this service. Use other words.",
  },
  es: {
    required: required.es,
    type: byParam(
      {
        company_id: "Escribe el número de la empresa, solo con cifras",
        id: "Escribe un número, solo con cifras",
        user_id: "Escribe un número, solo con cifras",
      },
      reload.es,
    ),
    format: byParam(
      {
        email: "Escribe un correo electrónico como nombre@example.com",
        redirect_url: "Escribe una dirección web completa que empiece por https://",
        url: "Escribe una dirección web completa que empiece por https://, sin comodines",
        redirect_origins: "Escribe direcciones como https://app.example o https://app.example:8443, sin ruta y por separado",
        support_url: "Escribe una dirección web como https://help.example o mailto:help@app.example",
        logo: "Elige una imagen en formato PNG o WebP",
        after: "La lista ha cambiado. Vuelve a cargar la página.",
      },
      "Comprueba cómo está escrito",
    ),
    enum: () => "Elige una de las opciones",
    pattern: byParam(
      {
        slug: "Empieza por una letra minúscula. Después usa minúsculas, cifras y guiones.",
        accent_color: "Escribe un color como #3366cc",
        challenge: reload.es,
      },
      "Usa una sola línea con al menos una letra o una cifra",
    ),
    minLength(param, limit) {
      if (limit <= 1) return required.es(param, limit);
      return `Usa al menos ${limit} caracteres`;
    },
    maxLength(param, limit) {
      if (param === "logo") return "Elige una imagen de 32 KiB como máximo";
      return `Usa ${limit} ${param === "redirect_origins" ? "direcciones" : "caracteres"} como máximo`;
    },
    minimum: (_, limit) => `Escribe un número que sea ${limit} o mayor`,
    maximum: (_, limit) => `Escribe un número que sea ${limit} o menor`,
    additionalProperties: () => reload.es,
    exists: byParam(
      {
        company_id: "No hay ninguna empresa con este número",
        application: "Esta aplicación no existe",
        session_id: "Esta sesión ya ha terminado",
      },
      "Esto ya no existe. Vuelve a cargar la página.",
    ),
    allowed: byParam(
      {
        redirect_url: "Esta dirección no pertenece a la aplicación. Sus desarrolladores deben añadirla.",
        application: "No es posible registrarse en esta aplicación",
        email: "Este no es el correo electrónico de esta cuenta",
        password: "Esta cuenta ya tiene una contraseña",
        current_password: "Esta cuenta no tiene contraseña. Deja este campo vacío.",
        suspended: "No puedes suspenderte a ti ni al último administrador",
        active: "Debe quedar al menos un administrador activo",
        access: "Debe quedar al menos un administrador activo",
        token: "No queda otro administrador. Nombra primero a otra persona.",
        id: "Esto no se puede hacer con tu propia cuenta ni con el último administrador",
        deployed: "La propia administración lo necesita, así que sigue activado",
        url: "La dirección del propio PlanoAuth no se puede cambiar aquí",
        admits: "El propio PlanoAuth debe seguir abierto a los empleados",
        redirect_origins: "El propio PlanoAuth no tiene otras direcciones",
      },
      "Esto no es posible aquí",
    ),
    recent_sign_in: () => "Por tu seguridad, cierra la sesión, vuelve a iniciarla y hazlo en los 15 minutos siguientes",
    possible: () => "Escribe un número de teléfono que exista, con su prefijo de país, como +34\u00a0612\u00a0345\u00a0678",
    no_url: () => "Escribe un nombre que no contenga una dirección web",
    active: () => "Esta empresa está cerrada. Elige otra.",
    guessable: () => "Esta contraseña es fácil de adivinar. Usa una más larga, como varias palabras poco comunes.",
    own_words: () => "Esta contraseña está formada por tu nombre, tu dirección o el nombre de este servicio. Usa otras palabras.",
  },
});

const shortestPassword = 8; // characters, as the policy of the server demands

/** Says which rule a new password breaks, by its name in an outcome of passwords/judge; null for a rule that is unknown here. */
export function explainPassword(rule: string): string | null {
  return rule in rules ? rules[rule as ParamError["rule"]]("password", shortestPassword) : null;
}

/**
 * Says what is wrong with a param, in one sentence without a full stop or in two with both. The text stands alone at its
 * field. A rule without a text does not compile.
 */
export function explain({ param, rule, message }: ParamError): string {
  const names = param.split(".").filter((name) => !/^\d+$/.test(name)); // without the places in lists
  return rules[rule](names.at(-1) ?? param, Number(/\d+/.exec(message)));
}
