import Columns
import Expressions

extension ValueType {
    /// `a string`, `an int`: the type in a sentence.
    var withArticle: String { description.withArticle }
}

extension ExpressionType {
    /// `a string`, `an int or null`.
    var withArticle: String { value == nil ? description : description.withArticle }
}

extension String {
    /// For names of types: none begins with a vowel that is not spoken as one.
    fileprivate var withArticle: String { ("aeiou".contains(prefix(1)) && !isEmpty ? "an " : "a ") + self }
}
