/// A word of an expression's text.
struct Token: Equatable {
    enum Kind: Equatable {
        /// `name`, keywords and reserved words included.
        case identifier
        /// `` `name-with.anything` ``, allowed after a dot.
        case quotedIdentifier
        case int
        case uint
        case double
        case string
        case bytes
        /// An operator or bracket, as it is written.
        case symbol(String)
        case end
    }

    var kind: Kind
    var range: Range<Int>
}
