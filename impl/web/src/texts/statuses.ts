import type { components } from "planoauth";
import { translate } from "../document";

type Schemas = components["schemas"];

/** Every status slug of openapi.yaml. */
export type Slug = {
  [Name in keyof Schemas]: Schemas[Name] extends { status: infer Status extends string; code: number } ? Status : never;
}[keyof Schemas];

// What only a developer or an operator can mend.
const mismatch = {
  en: "This page and the server do not fit together. Reload the page. If it happens again, tell support and name the request below.",
  es:
    "Esta página y el servidor no encajan. Vuelve a cargar la página. Si ocurre de nuevo, avisa a soporte e indica la solicitud de abajo.",
};
const switchedOff = {
  en: "This part of the service is switched off at the moment. Try again later.",
  es: "Esta parte del servicio está desactivada en este momento. Inténtalo más tarde.",
};
const usedLink = {
  en: "This link does not work. It was used already, a newer one replaced it, or a part of it is missing. Ask for a new link.",
  es: "Este enlace no funciona. Ya se usó, otro más reciente lo sustituyó o le falta una parte. Pide un enlace nuevo.",
};
const oldLink = {
  en: "This link is too old. Ask for a new one.",
  es: "Este enlace ha caducado. Pide uno nuevo.",
};
const emailTaken = {
  en: "There is an account with this e-mail address already. Sign in to it, or use another address.",
  es: "Ya existe una cuenta con este correo electrónico. Inicia sesión con ella o usa otra dirección.",
};
const brokenParams = {
  en: "There is a problem with what you entered.",
  es: "Hay un problema con los datos que has escrito.",
};

/** Says for each slug what happened and what to do. A slug without a text does not compile. */
export const statuses = translate<Record<Slug, string>>({
  en: {
    "action-successful": "Done.",
    "application-crash": "Something went wrong on our side. We have been told about it. Try again in a few minutes.",
    "client-created-for-existing-email":
      "This person had an account already, and is a client now. Their name and phone number stay as they were.",
    "client-required": "Your account is not complete yet. Finish the registration to go on.",
    "client-validation-failed": brokenParams.en,
    "company-already-exists": "There is a company with this name already. Use that one, or choose another name.",
    "email-already-client": "This account is registered as a client already.",
    "email-already-employee": "This person is an employee already. Look for them in the list, where you can change the record.",
    "email-already-liaison": "This person is a liaison already. Look for them in the list, where you can change the record.",
    "email-already-registerd": emailTaken.en,
    "email-already-registered": emailTaken.en,
    "email-already-verified": "This e-mail address is confirmed already. There is nothing to do.",
    "email-change-link-expired": oldLink.en,
    "email-not-found": "There is no account with this e-mail address. Check the address.",
    "email-unverified": "Nobody has shown yet that this e-mail address is theirs. The person has to confirm it first.",
    "google-account-conflict":
      "There is an account with this e-mail address that Google cannot open. Sign in another way, then link Google on your account page.",
    "google-email-unverified":
      "Google has not confirmed the e-mail address of this Google account. Confirm it at Google, or sign in another way.",
    "google-sign-in-failed": "Google could not sign you in. Try again, or sign in another way.",
    "identify-request-error": "The service cannot be reached at the moment. Try again in a few minutes.",
    "invalid-content-type": mismatch.en,
    "invalid-email-change-link":
      "This link does not work here. It was used already, a newer one replaced it, or it belongs to another account than the one you signed in to.",
    "invalid-encoded-params": mismatch.en,
    "invalid-magic-link": usedLink.en,
    "invalid-param": brokenParams.en,
    "invalid-password": "The password is not right. Try again.",
    "invalid-reset-link": usedLink.en,
    "invalid-token": "You are signed out. Sign in again.",
    "invalid-verification-link":
      "This link does not work here. It was used already, or it belongs to another account than the one you signed in to.",
    "magic-link-expired": oldLink.en,
    "mandrill-email-failed": "It worked, but the e-mail about it could not be sent yet. We will try to send it again.",
    "missing-param": "Something is missing. Fill in what is marked.",
    "no-params-decoded": mismatch.en,
    "origin-not-allowed": "This page is not allowed to use the service. Open it from the product where you began, or tell support.",
    "password-rejected": "This password cannot be used. Choose another one.",
    "permission-denied": "Your account is not allowed to do this here. Ask an administrator if you need it.",
    "rate-limit-exceeded": "There were too many attempts. Nothing was changed.",
    "request-too-large": "What you sent is too large. Use a shorter text or a smaller picture.",
    "reset-link-expired": oldLink.en,
    "route-non-existent": mismatch.en,
    "route-not-found": switchedOff.en,
    "server-busy": "Very many people are using the service right now. Nothing was changed.",
    "service-not-found": switchedOff.en,
    "session-expired": "You were signed out because you had not used the page for some time. Sign in again.",
    "slug-taken": "There is an application with this slug already. Choose another one.",
    "user-has-no-password": "This account has no password. Use a sign-in link by e-mail, or Google.",
    "user-requires-role": "Your account is not open to this application. Ask the people who gave you the account.",
    "user-suspended": "This account is suspended. Ask support if you think that this is a mistake.",
    "verification-link-expired": oldLink.en,
  },
  es: {
    "action-successful": "Hecho.",
    "application-crash": "Algo ha fallado por nuestra parte. Ya nos ha llegado el aviso. Inténtalo de nuevo dentro de unos minutos.",
    "client-created-for-existing-email":
      "Esta persona ya tenía una cuenta y ahora es cliente. Su nombre y su número de teléfono no han cambiado.",
    "client-required": "Tu cuenta aún no está completa. Termina el registro para continuar.",
    "client-validation-failed": brokenParams.es,
    "company-already-exists": "Ya existe una empresa con este nombre. Usa esa o elige otro nombre.",
    "email-already-client": "Esta cuenta ya está registrada como cliente.",
    "email-already-employee": "Esta persona ya es empleada. Búscala en la lista para cambiar su ficha.",
    "email-already-liaison": "Esta persona ya es enlace. Búscala en la lista para cambiar su ficha.",
    "email-already-registerd": emailTaken.es,
    "email-already-registered": emailTaken.es,
    "email-already-verified": "Este correo electrónico ya está confirmado. No tienes que hacer nada.",
    "email-change-link-expired": oldLink.es,
    "email-not-found": "No hay ninguna cuenta con este correo electrónico. Comprueba la dirección.",
    "email-unverified": "Nadie ha demostrado aún que este correo electrónico sea suyo. La persona debe confirmarlo primero.",
    "google-account-conflict":
      "Hay una cuenta con este correo electrónico que no se puede abrir con Google. Inicia sesión de otra forma y vincula Google en la página de tu cuenta.",
    "google-email-unverified":
      "Google no ha confirmado el correo de esta cuenta de Google. Confírmalo en Google o inicia sesión de otra forma.",
    "google-sign-in-failed": "Google no ha podido iniciar tu sesión. Inténtalo de nuevo o elige otra forma.",
    "identify-request-error": "El servicio no está disponible en este momento. Inténtalo de nuevo dentro de unos minutos.",
    "invalid-content-type": mismatch.es,
    "invalid-email-change-link":
      "Este enlace no funciona aquí. Ya se usó, otro más reciente lo sustituyó o es de una cuenta distinta de aquella en la que has iniciado sesión.",
    "invalid-encoded-params": mismatch.es,
    "invalid-magic-link": usedLink.es,
    "invalid-param": brokenParams.es,
    "invalid-password": "La contraseña no es correcta. Inténtalo de nuevo.",
    "invalid-reset-link": usedLink.es,
    "invalid-token": "Tu sesión está cerrada. Inicia sesión de nuevo.",
    "invalid-verification-link":
      "Este enlace no funciona aquí. Ya se usó o es de una cuenta distinta de aquella en la que has iniciado sesión.",
    "magic-link-expired": oldLink.es,
    "mandrill-email-failed": "Ha funcionado, pero aún no se ha podido enviar el correo correspondiente. Volveremos a intentarlo.",
    "missing-param": "Falta algún dato. Completa lo que está marcado.",
    "no-params-decoded": mismatch.es,
    "origin-not-allowed": "Esta página no puede usar el servicio. Ábrela desde el producto en el que empezaste o avisa a soporte.",
    "password-rejected": "Esta contraseña no se puede usar. Elige otra.",
    "permission-denied": "Tu cuenta no puede hacer esto aquí. Si lo necesitas, pídeselo a un administrador.",
    "rate-limit-exceeded": "Han sido demasiados intentos. No se ha cambiado nada.",
    "request-too-large": "Lo que has enviado es demasiado grande. Usa un texto más corto o una imagen más pequeña.",
    "reset-link-expired": oldLink.es,
    "route-non-existent": mismatch.es,
    "route-not-found": switchedOff.es,
    "server-busy": "Hay muchísimas personas usando el servicio ahora mismo. No se ha cambiado nada.",
    "service-not-found": switchedOff.es,
    "session-expired": "Tu sesión se cerró porque llevabas un tiempo sin usar la página. Inicia sesión de nuevo.",
    "slug-taken": "Ya existe una aplicación con este identificador. Elige otro.",
    "user-has-no-password": "Esta cuenta no tiene contraseña. Usa un enlace de acceso por correo o Google.",
    "user-requires-role": "Tu cuenta no tiene acceso a esta aplicación. Consulta con quien te dio la cuenta.",
    "user-suspended": "Esta cuenta está suspendida. Si crees que es un error, avisa a soporte.",
    "verification-link-expired": oldLink.es,
  },
});
