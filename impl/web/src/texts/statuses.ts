import type { components } from "planoauth";
import { translate } from "../document";

type Schemas = components["schemas"];

/** Every status slug of openapi.yaml. */
export type Slug = { [Name in keyof Schemas]: Schemas[Name] extends { status: infer Status extends string; code: number } ? Status : never }[keyof Schemas];

/** Says for each slug what happened and what to do. A slug without a text does not compile. */
export const statuses = translate<Record<Slug, string>>({ en: {} as Record<Slug, string>, es: {} as Record<Slug, string> });
