/// Rows of cells in aligned columns, two blanks apart.
///
/// The last column is only filled up to its minimum, so a row may end in blanks: those of the column before, where its
/// last cell is empty. Upstream prints them, and people compare outputs.
struct TextTable: Sendable {
    var rows: [[String]] = []
    /// Columns without an entry have none.
    var minimumWidths: [Int] = []

    static let gap = 2

    /// One line per row, without line feeds.
    var lines: [String] {
        var widths: [Int] = minimumWidths
        for row in rows {
            for (column, cell) in row.enumerated() {
                while widths.count <= column { widths.append(0) }
                widths[column] = max(widths[column], Self.visibleWidth(of: cell))
            }
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let isLast: Bool = column == row.count - 1
                let minimum: Int = column < minimumWidths.count ? minimumWidths[column] : 0
                line += Self.padded(cell, to: isLast ? minimum : widths[column] + Self.gap)
            }
            return line
        }
    }

    static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - visibleWidth(of: text)))
    }

    /// Code points outside of colour codes: each of our signs is one column wide.
    ///
    /// Differs: upstream counts the codes too, and its columns are one off wherever their lengths differ.
    static func visibleWidth(of text: String) -> Int {
        var width = 0
        var isInCode = false
        for scalar in text.unicodeScalars {
            if isInCode {
                if scalar == "m" { isInCode = false }
            } else if scalar == "\u{1B}" {
                isInCode = true
            } else {
                width += 1
            }
        }
        return width
    }
}
