/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/*
 * The script of the page that `status --html` writes. Everything it needs is in the document: the table, and for each cell who
 * applied the migration, when and in which run. Without it the page is still a table.
 */
(() => {
  /**
   * @typedef {object} Column
   * @property {string} name
   * @property {string} [note] about the environment
   * @property {string} [cells] see `encodeCells` of cell-details.ts; absent for the project here
   * @typedef {object} PageData
   * @property {number} origin epoch seconds
   * @property {string[]} people
   * @property {string[]} runs
   * @property {Record<string, string>} states words by class
   * @property {{ kept: string, lost: string }} rollbackTexts whether a migration without a file can be rolled back, in words
   * @property {Column[]} columns
   * @typedef {{ at?: number | undefined, by?: string | undefined, run?: string | undefined }} Detail
   * @typedef {{ row: HTMLTableRowElement, text: string, states: Set<string> }} Row
   */

  /** @type {<T extends HTMLElement>(id: string, type: new () => T) => T} */
  const find = (id, type) => {
    const element = document.getElementById(id);
    if (element instanceof type) return element;
    throw new Error(`the page has no ${id}`);
  };
  const table = find("matrix", HTMLTableElement);
  const search = find("search", HTMLInputElement);
  const differences = find("differences", HTMLInputElement);
  const legend = find("legend", HTMLUListElement);
  const details = find("details", HTMLElement);
  const scroll = find("matrix-scroll", HTMLElement);
  /** @type {PageData} */
  const data = JSON.parse(find("data", HTMLScriptElement).text);

  /** @param {number} seconds since the epoch @returns {string} in the reader's time zone */
  function timeText(seconds) {
    const date = new Date(seconds * 1000);
    const two = (/** @type {number} */ number) => String(Math.abs(number)).padStart(2, "0");
    const east = -date.getTimezoneOffset();
    const zone = `UTC${east < 0 ? "−" : "+"}${two(Math.trunc(east / 60))}:${two(east % 60)}`;
    const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
    return `${day} ${time} ${east === 0 ? "UTC" : zone}`;
  }

  /** @param {string} text @returns {Detail[]} by the number of the row */
  function decodeCells(text) {
    const base = 36;
    let last = data.origin;
    /** @type {Detail} */
    let run = {};
    return text.split(" ").map((token) => {
      if (token === "") return {};
      const [time = "", by, of = ""] = token.split(",");
      const at = time === "." ? undefined : last + parseInt(time, base);
      last = at ?? last;
      if (by !== undefined) run = { by: data.people[parseInt(by, base)], run: runId(of, last) };
      return { at, ...run };
    });
  }

  /** @param {string} text @param {number} at @returns {string | undefined} the beginning of a run's id */
  function runId(text, at) {
    if (text === "") return undefined;
    if (text.startsWith("=")) return data.runs[parseInt(text.slice(1), 36)];
    const digits = (at * 1000 - parseInt(text, 36)).toString(16).padStart(12, "0");
    return `${digits.slice(0, 8)}-${digits.slice(8)}`;
  }

  const decoded = data.columns.map(({ cells }) => (cells === undefined ? [] : decodeCells(cells)));

  const heads = [...(table.tHead?.rows ?? [])];
  /** Rows of migrations, and those that name a database. */
  const bodies = [...table.tBodies];
  /** @type {Row[]} */
  const rows = bodies
    .flatMap((body) => [...body.rows])
    .filter((row) => row.cells.length > 1)
    .map((row) => ({
      row,
      text: (row.cells[0]?.textContent ?? "").toLowerCase(),
      // Not that of the project here, which is no environment.
      states: new Set([...row.cells].slice(1).filter(isEnvironment).map(stateOf)),
    }));
  const numbers = new Map(rows.map(({ row }, number) => [row, number]));

  /** @param {Element} cell */
  function isEnvironment(cell) {
    return !cell.classList.contains("h");
  }

  /** @param {Element} cell @returns {string} its class, `a` for what is applied */
  function stateOf(cell) {
    return cell.classList[0] ?? "a";
  }

  /** @param {HTMLTableCellElement} cell @returns {Detail} */
  function detailOf(cell) {
    const number = numbers.get(/** @type {HTMLTableRowElement} */ (cell.parentElement));
    return (number === undefined ? undefined : decoded[cell.cellIndex - 1]?.[number]) ?? {};
  }

  /** @param {HTMLTableCellElement} cell */
  function stateText(cell) {
    const column = data.columns[cell.cellIndex - 1];
    if (column?.cells === undefined)
      return stateOf(cell) === "a"
        ? "file in the working directory"
        : "no file in the working directory";
    const late = cell.classList.contains("o") ? ", out of order" : "";
    // The migration that is applied instead.
    const other = cell.title === "" ? "" : `; ${cell.title}`;
    return `${data.states[stateOf(cell)] ?? ""}${late}${rollbackText(cell)}${other}`;
  }

  /** @param {HTMLTableCellElement} cell */
  function rollbackText(cell) {
    if (stateOf(cell) !== "u") return "";
    return `; ${cell.classList.contains("k") ? data.rollbackTexts.kept : data.rollbackTexts.lost}`;
  }

  /** @param {Detail} detail */
  function appliedText({ at, by }) {
    if (at === undefined && by === undefined) return "";
    return ["applied", at === undefined ? "" : timeText(at), by === undefined ? "" : `by ${by}`]
      .filter((part) => part !== "")
      .join(" ");
  }

  /** What a cell means: its state, and who brought it about. @param {HTMLTableCellElement} cell */
  function cellText(cell) {
    const applied = appliedText(detailOf(cell));
    const isSaid = stateOf(cell) === "a" && applied !== "";
    return [isSaid ? "" : stateText(cell), applied].filter((part) => part !== "").join(", ");
  }

  // Filtering

  /** @type {Set<string>} */
  const chosen = new Set();

  function filter() {
    const words = search.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    let shown = 0;
    for (const { row, text, states } of rows) {
      const isShown =
        words.every((word) => text.includes(word)) &&
        (!differences.checked || row.className === "d") &&
        (chosen.size === 0 || [...chosen].some((state) => states.has(state)));
      row.hidden = !isShown;
      if (isShown) shown += 1;
    }
    for (const body of bodies)
      body.hidden = [...body.rows].every((row) => row.hidden || row.cells.length === 1);
    const noun = rows.length === 1 ? "migration" : "migrations";
    find("shown", HTMLOutputElement).value = `${shown} of ${rows.length} ${noun} shown`;
    find("none", HTMLElement).hidden = shown > 0;
    if (current?.parentElement?.hidden === true) makeCurrent(firstCell());
    measure();
  }

  /** Each state in the legend becomes a switch. */
  function makeSwitches() {
    for (const label of legend.querySelectorAll("span")) {
      const state = label.querySelector("i")?.className ?? "";
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      button.title = "Show only migrations that are in this state somewhere";
      button.append(...label.childNodes);
      button.addEventListener("click", () => {
        if (!chosen.delete(state)) chosen.add(state);
        button.setAttribute("aria-pressed", String(chosen.has(state)));
        filter();
      });
      label.replaceWith(button);
    }
  }

  // The details of a cell

  /** @param {string} tag @param {string} className @param {(string | Node)[]} content */
  function element(tag, className, ...content) {
    const made = document.createElement(tag);
    made.className = className;
    made.append(...content);
    return made;
  }

  /** @param {HTMLTableCellElement | undefined} cell */
  function showDetails(cell) {
    details.className = cell?.tagName === "TD" ? stateOf(cell) : "";
    details.replaceChildren(...(cell ? detailLines(cell) : [hint()]));
  }

  function hint() {
    const text =
      "Point at a cell, or move to it with Tab and the arrow keys, to see who applied what and when.";
    return element("p", "soft", text);
  }

  /** @param {HTMLTableCellElement} cell @returns {Node[]} */
  function detailLines(cell) {
    const column = data.columns[cell.cellIndex - 1];
    const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
    const migration = numbers.has(row) ? (row.cells[0]?.textContent ?? "") : undefined;
    if (column === undefined) return [element("p", "", element("strong", "", migration ?? ""))];
    const title = element("p", "", element("strong", "", column.name));
    if (migration === undefined) return [title, element("p", "soft", column.note ?? "")];
    title.append(` · ${migration}`);
    const state = element("p", "", `${cell.textContent} ${cellText(cell)}`);
    return [title, state, ...runLine(column, detailOf(cell))];
  }

  /** @param {Column} column @param {Detail} detail */
  function runLine({ name }, { run }) {
    if (run === undefined) return [];
    const isPlain = /^[\w.-]+$/.test(name) && /^[\da-f-]+$/.test(run);
    const command = `hasura-migrate history ${name} --run ${run}`;
    return [element("p", "soft", ...(isPlain ? [element("code", "", command)] : [`run ${run}`]))];
  }

  // Moving between cells: one of them is in the order of Tab, the arrow keys move.

  /** @type {HTMLTableCellElement | undefined} */
  let current;

  function visibleRows() {
    return [...heads, ...rows.map(({ row }) => row).filter((row) => !row.hidden)];
  }

  function firstCell() {
    const [head, first] = visibleRows();
    return (first ?? head)?.cells[1];
  }

  /** @param {HTMLTableCellElement | undefined} cell */
  function makeCurrent(cell) {
    current?.setAttribute("tabindex", "-1");
    current = cell;
    cell?.setAttribute("tabindex", "0");
  }

  /** @type {Record<string, (at: { row: number, column: number, rows: number, columns: number, whole: boolean }) => [number, number]>} */
  const moves = {
    ArrowUp: ({ row, column }) => [row - 1, column],
    ArrowDown: ({ row, column }) => [row + 1, column],
    ArrowLeft: ({ row, column }) => [row, column - 1],
    ArrowRight: ({ row, column }) => [row, column + 1],
    PageUp: ({ row, column }) => [row - 10, column],
    PageDown: ({ row, column }) => [row + 10, column],
    Home: ({ row, whole }) => [whole ? 0 : row, 0],
    End: ({ row, rows: count, columns, whole }) => [whole ? count : row, columns],
  };

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const cell = cellOf(event.target);
    const move = moves[event.key];
    if (!cell || !move || event.altKey || event.metaKey) return;
    const all = visibleRows();
    const row = all.indexOf(/** @type {HTMLTableRowElement} */ (cell.parentElement));
    const at = { row, column: cell.cellIndex, rows: all.length, columns: data.columns.length };
    const [toRow, toColumn] = move({ ...at, whole: event.ctrlKey });
    const target = all[Math.min(Math.max(toRow, 0), all.length - 1)];
    const column = Math.min(Math.max(toColumn, 0), data.columns.length);
    event.preventDefault();
    target?.cells[column]?.focus();
  }

  /** @param {EventTarget | null} target @returns {HTMLTableCellElement | undefined} */
  function cellOf(target) {
    const cell = target instanceof Element ? target.closest("td, th") : null;
    if (!(cell instanceof HTMLTableCellElement)) return undefined;
    return cell.classList.contains("database") ? undefined : cell;
  }

  /** A grid for screen readers: each cell says what it means. */
  function makeGrid() {
    table.setAttribute("role", "grid");
    scroll.removeAttribute("tabindex");
    for (const row of heads) for (const cell of row.cells) cell.tabIndex = -1;
    for (const { row } of rows)
      for (const cell of row.cells) {
        cell.tabIndex = -1;
        if (cell.tagName !== "TD") continue;
        cell.setAttribute("aria-label", cellText(cell));
      }
    makeCurrent(firstCell());
  }

  /** Cells that are scrolled to are not hidden behind the heading and the names. */
  function measure() {
    const corner = heads[0]?.cells[0];
    if (!corner) return;
    scroll.style.setProperty("--head-height", `${corner.offsetHeight}px`);
    scroll.style.setProperty("--name-width", `${corner.offsetWidth}px`);
  }

  table.addEventListener("keydown", onKey);
  table.addEventListener("focusin", ({ target }) => {
    const cell = cellOf(target);
    makeCurrent(cell ?? current);
    showDetails(cell);
  });
  table.addEventListener("pointerover", ({ target }) => showDetails(cellOf(target) ?? focused()));
  table.addEventListener("pointerleave", () => showDetails(focused()));
  table.addEventListener("pointerdown", ({ target }) => cellOf(target)?.focus());
  search.addEventListener("input", filter);
  differences.addEventListener("change", filter);
  find("controls", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("resize", measure);

  /** @returns {HTMLTableCellElement | undefined} */
  function focused() {
    return table.contains(document.activeElement) ? cellOf(document.activeElement) : undefined;
  }

  for (const time of document.querySelectorAll("time"))
    time.textContent = timeText(Date.parse(time.dateTime) / 1000);
  find("controls", HTMLFormElement).hidden = false;
  details.hidden = false;
  makeSwitches();
  makeGrid();
  filter();
  showDetails(undefined);
})();
