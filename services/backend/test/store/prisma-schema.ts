// Reads just enough of schema.prisma to say which columns, indexes and relations it declares, in
// the words of Postgres. Prisma's own comparison needs an engine that is not installed here.

interface Column {
  table_name: string;
  column_name: string;
  udt_name: string;
  nullable: boolean;
  size: string | null;
  has_default: boolean;
}
interface Index {
  table_name: string;
  name: string;
  is_unique: boolean;
  columns: string;
}
interface Relation {
  table_name: string;
  name: string;
  target: string;
  on_delete: string;
}
interface Model {
  readonly table: string;
  readonly lines: readonly string[];
}

// An unmarked String is text, an unmarked Int is integer.
const plainTypes: Readonly<Record<string, string>> = { String: "text", Int: "int4" };
const nativeTypes: Readonly<Record<string, string>> = {
  Uuid: "uuid",
  Decimal: "numeric",
  Timestamptz: "timestamptz",
  Date: "date",
};

export function declaredIn(schema: string): {
  columns: Column[];
  indexes: Index[];
  relations: Relation[];
} {
  const models = modelsIn(schema);
  const all = [...models.values()];
  return {
    columns: all.flatMap(columnsOf).sort(by((it) => it.column_name)),
    indexes: all.flatMap(indexesOf).sort(by((it) => it.name)),
    relations: all.flatMap((model) => relationsOf(model, models)).sort(by((it) => it.name)),
  };
}

function modelsIn(schema: string): Map<string, Model> {
  const models = new Map<string, Model>();
  for (const [, name = "", body = ""] of schema.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const lines = body
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => /^[\w@]/.test(line));
    models.set(name, { table: part(body, /@@map\("(\w+)"\)/), lines });
  }
  return models;
}

function columnsOf({ table, lines }: Model): Column[] {
  return lines.flatMap((line) => {
    const [, field = "", type = "", optional] = /^(\w+)\s+(\w+)(\?)?/.exec(line) ?? [];
    const [, native, size] = /@db\.(\w+)(?:\(([\d, ]+)\))?/.exec(line) ?? [];
    const udt_name = native === undefined ? plainTypes[type] : nativeTypes[native];
    if (udt_name === undefined || line.startsWith("@@")) return [];
    return [
      {
        table_name: table,
        column_name: columnName(line, field),
        udt_name,
        nullable: optional !== undefined,
        size: size?.replace(" ", "") ?? null,
        has_default: line.includes("@default("),
      },
    ];
  });
}

function indexesOf(model: Model): Index[] {
  return model.lines.flatMap((line) => {
    const table_name = model.table;
    const field = /^\w+/.exec(line)?.[0] ?? "";
    const named = /map: "(\w+)"/.exec(line)?.[1];
    const listed = /^@@(id|index|unique)\(\[([\w, ]+)\]/.exec(line);
    if (listed !== null) {
      const [, kind, fields = ""] = listed;
      const columns = fields
        .split(", ")
        .map((it) => columnOfField(model, it))
        .join(",");
      return [
        { table_name, name: named ?? `${table_name}_pkey`, is_unique: kind !== "index", columns },
      ];
    }
    if (/ @id\b/.test(line)) {
      return [
        {
          table_name,
          name: `${table_name}_pkey`,
          is_unique: true,
          columns: columnName(line, field),
        },
      ];
    }
    if (/ @unique\b/.test(line)) {
      return [{ table_name, name: named ?? "", is_unique: true, columns: columnName(line, field) }];
    }
    return [];
  });
}

function relationsOf(model: Model, models: ReadonlyMap<string, Model>): Relation[] {
  return model.lines.flatMap((line) => {
    const [, target = "", field = ""] =
      /^\w+\s+(\w+)\??\s+@relation\(fields: \[(\w+)\]/.exec(line) ?? [];
    if (field === "") return [];
    const column = columnOfField(model, field);
    return [
      {
        table_name: model.table,
        name: `${model.table}_${column}_fkey`,
        target: models.get(target)?.table ?? "",
        on_delete: part(line, /onDelete: (\w+)/),
      },
    ];
  });
}

function columnOfField(model: Model, field: string): string {
  const line = model.lines.find((it) => it.startsWith(`${field} `));
  if (line === undefined) throw new Error(`cannot read schema.prisma: no field \`${field}\``);
  return columnName(line, field);
}

function columnName(line: string, field: string): string {
  return / @map\("(\w+)"\)/.exec(line)?.[1] ?? field;
}

function part(text: string, form: RegExp): string {
  const found = form.exec(text)?.[1];
  if (found === undefined)
    throw new Error(`cannot read schema.prisma: nothing like ${String(form)}`);
  return found;
}

/** Same order as the queries: by table, then by name. */
function by<Item extends { table_name: string }>(name: (item: Item) => string) {
  const key = (item: Item) => `${item.table_name} ${name(item)}`;
  return (left: Item, right: Item) => (key(left) < key(right) ? -1 : 1);
}
