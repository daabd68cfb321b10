import type { ParamError } from "planoauth";
import { translate } from "../document";

/** Says for each rule of `errors` what is wrong with a field. A rule without a text does not compile. */
export const rules = translate<Record<ParamError["rule"], string>>({
  en: {} as Record<ParamError["rule"], string>,
  es: {} as Record<ParamError["rule"], string>,
});
