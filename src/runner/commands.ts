/** Where an annotation points to. */
export interface AnnotationPlace {
  readonly file: string;
  readonly line?: number;
}

/** How serious an annotation is. */
export type Level = 'notice' | 'warning' | 'error';

const escapeData = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapeProperty = (text: string) => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/**
 * One workflow command as a line of the log. The toolkit's own writer goes to the global stdout and costs a third of
 * a short step's start to load, so the few commands that are printed are written here.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function command(name: string, message: string, properties: Readonly<Record<string, string>> = {}): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(value)}`);
  return `::${name}${list.length === 0 ? '' : ` ${list.join(',')}`}::${escapeData(message)}\n`;
}

/** An annotation, shown on the run's page and, with a place, on the file's line. */
export function annotation(level: Level, title: string, message: string, place?: AnnotationPlace): string {
  return command(level, message, {
    title,
    ...(place === undefined ? {} : { file: place.file }),
    ...(place?.line === undefined ? {} : { line: String(place.line) }),
  });
}
