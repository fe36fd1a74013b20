// Rows of a CSV file as named columns.

export class Table {
  // Names of the columns that are texts; the others are numbers.
  texts = new Set();

  constructor(csv) {
    const [header, ...rows] = csv.trimEnd().split('\n').map((line) => line.split(','));
    this.names = header;
    this.rows = rows;
  }

  get length() {
    return this.rows.length;
  }

  // The rows from `begin` to `end` as the columns of a request.
  columns(begin, end) {
    return this.names.map((name, i) => {
      const cells = this.rows.slice(begin, end).map((row) => row[i]);
      if (this.texts.has(name)) return { name, texts: { values: cells } };
      const values = cells.map((cell) => (cell === '' ? NaN : Number(cell)));
      return { name, numbers: { values } };
    });
  }
}
