//! Machines as a table.

use unicode_width::UnicodeWidthStr;

use crate::machines::BuildMachine;
use crate::machines::diagnostic::escape;

/// Space between columns.
const GAP: usize = 2;

/// A column.
struct Column {
    heading: &'static str,
    /// Numbers stand at the right.
    right: bool,
    /// Its cells are lists, which may take several lines.
    list: bool,
}

const fn column(heading: &'static str, right: bool, list: bool) -> Column {
    Column {
        heading,
        right,
        list,
    }
}

const COLUMNS: [Column; 7] = [
    column("NAME", false, false),
    column("PORT", true, false),
    column("SYSTEMS", false, true),
    column("USER", false, false),
    column("SLOTS", true, false),
    column("SPEED", true, false),
    column("FEATURES", false, true),
];

/// The items of a cell; all cells but lists have one.
type Cell = Vec<String>;

/// A table of machines for lines of that width; lists are broken where it
/// would be wider.
pub(crate) fn table(machines: &[BuildMachine], width: usize) -> String {
    let rows: Vec<[Cell; 7]> = machines.iter().map(row).collect();
    let widths = widths(&rows, width);
    let mut out = String::new();
    let headings = COLUMNS.map(|column| vec![column.heading.to_owned()]);
    for row in std::iter::once(&headings).chain(&rows) {
        let cells: Vec<Vec<String>> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| broken(cell, width))
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for number in 0..height {
            out.push_str(&line(&cells, number, &widths));
            out.push('\n');
        }
    }
    out
}

fn row(machine: &BuildMachine) -> [Cell; 7] {
    let list = |items: &[String]| {
        if items.is_empty() {
            vec!["-".to_owned()]
        } else {
            items.iter().map(|item| escape(item)).collect()
        }
    };
    [
        vec![escape(&machine.name)],
        vec![machine.port.to_string()],
        list(&machine.systems),
        vec![escape(&machine.user)],
        vec![machine.parallel_builds.to_string()],
        vec![machine.speed.to_string()],
        list(&machine.features),
    ]
}

fn widths(rows: &[[Cell; 7]], limit: usize) -> [usize; 7] {
    let mut widths = COLUMNS.map(|column| column.heading.len());
    let mut least = widths;
    for row in rows {
        for ((cell, width), least) in row.iter().zip(&mut widths).zip(&mut least) {
            let items = cell.iter().map(|item| item.width());
            *least = (*least).max(items.clone().max().unwrap_or(0));
            let spaces = cell.len().saturating_sub(1);
            *width = (*width).max(items.sum::<usize>().saturating_add(spaces));
        }
    }
    let total = |widths: &[usize; 7]| {
        let gaps = GAP.saturating_mul(widths.len().saturating_sub(1));
        widths.iter().sum::<usize>().saturating_add(gaps)
    };
    // The last column first: its lists are of least interest.
    for (index, column) in COLUMNS.iter().enumerate().rev() {
        let excess = total(&widths).saturating_sub(limit);
        if let (true, Some(width), Some(least)) =
            (column.list, widths.get_mut(index), least.get(index))
        {
            *width = width.saturating_sub(excess).max(*least);
        }
    }
    widths
}

/// The lines of a cell.
fn broken(cell: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in cell {
        match lines.last_mut() {
            Some(line) if line.width().saturating_add(1).saturating_add(item.width()) <= width => {
                line.push(' ');
                line.push_str(item);
            }
            _ => lines.push(item.clone()),
        }
    }
    lines
}

fn line(cells: &[Vec<String>], number: usize, widths: &[usize; 7]) -> String {
    let mut out = String::new();
    for ((lines, width), column) in cells.iter().zip(widths).zip(&COLUMNS) {
        let text = lines.get(number).map_or("", String::as_str);
        let blank = " ".repeat(width.saturating_sub(text.width()));
        if column.right {
            out.push_str(&blank);
            out.push_str(text);
        } else {
            out.push_str(text);
            out.push_str(&blank);
        }
        out.push_str(&" ".repeat(GAP));
    }
    out.trim_end().to_owned()
}
