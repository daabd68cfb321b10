import { data, translate } from "../document";
import { text as ui } from "../ui/texts";

/** Texts of more than one view. */
export const text = translate({
  en: {
    loading: "Loading…",
    again: "Try again",
    search: "Search",
    filters: "Filters",
    sort: "Sort",
    more: "Show more",
    open: "Open",
    cancel: "Cancel",
    copy: "Copy",
    copied: "Copied",
    save: "Save changes",
    saved: "Saved",
    edit: "Edit",
    yes: "Yes",
    no: "No",
    nothing: "Nothing here yet",
    nothingFound: "Nothing matches",
    nothingFoundHint: "Try another search, or turn a filter off.",
    shorter: (least: number) => `Type at least ${least} characters`,
    shown: (shown: number, all: string | undefined) => (all ? `${shown} of ${all}` : `${shown} shown`),
    about: (count: string) => `about ${count}`,
    created: "Created",
    active: "Active",
    inactive: "Inactive",
    newest: "Newest first",
    oldest: "Oldest first",
    details: "Details",
    missing: "Not found",
    missingWhy: "There is no such record. It may have been deleted.",
    failed: "Not loaded",
  },
  es: {
    loading: "Cargando…",
    again: "Intentarlo de nuevo",
    search: "Buscar",
    filters: "Filtros",
    sort: "Orden",
    more: "Mostrar más",
    open: "Abrir",
    cancel: "Cancelar",
    copy: "Copiar",
    copied: "Copiado",
    save: "Guardar los cambios",
    saved: "Guardado",
    edit: "Editar",
    yes: "Sí",
    no: "No",
    nothing: "Aún no hay nada",
    nothingFound: "Sin resultados",
    nothingFoundHint: "Prueba otra búsqueda o desactiva un filtro.",
    shorter: (least: number) => `Escribe al menos ${least} caracteres`,
    shown: (shown: number, all: string | undefined) => (all ? `${shown} de ${all}` : `${shown} visibles`),
    about: (count: string) => `unos ${count}`,
    created: "Creación",
    active: "Activo",
    inactive: "Inactivo",
    newest: "Lo reciente primero",
    oldest: "Lo antiguo primero",
    details: "Datos",
    missing: "No encontrado",
    missingWhy: "Este registro no existe. Puede que se haya eliminado.",
    failed: "Sin cargar",
  },
});

/** Marks the label of a field that can be left empty. */
export const optional = (label: string) => `${label} (${ui.optional})`;

/** Returns words as a list in a sentence: only the first one begins with a capital. */
export const listed = (words: string[]) => words.map((word, i) => (i === 0 ? word : word.toLocaleLowerCase(data.language))).join(", ");

/** Writes a number for people. */
export function formatNumber(value: number): string {
  return value.toLocaleString(data.language);
}
