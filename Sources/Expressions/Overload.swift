import Columns

/// One typed form of an operator or function, with what computes it.
struct Overload: Sendable {
    enum Style: Sendable {
        /// `a + b`, `-a`, `a[b]`
        case symbol
        /// `f(a)`
        case function
        /// `a.f(b)`
        case member
    }

    let name: String
    let style: Style
    /// The target of a member call comes first.
    let parameters: [ValueType]
    let result: ValueType
    let kernel: @Sendable (_ operands: [any Kernel]) -> any Kernel

    init(
        _ name: String, _ style: Style, _ parameters: [ValueType], _ result: ValueType,
        _ kernel: @escaping @Sendable (_ operands: [any Kernel]) -> any Kernel
    ) {
        self.name = name
        self.style = style
        self.parameters = parameters
        self.result = result
        self.kernel = kernel
    }

    init(_ name: String, _ style: Style, _ parameters: [ValueType], _ result: ValueType, _ loop: KernelLoop) {
        self.init(name, style, parameters, result) { LoopKernel(result, loop, $0) }
    }

    /// All there are, by name. Operators have the name of their symbol; unary minus is `neg`, index is `[]`.
    static let named: [String: [Overload]] = Dictionary(
        grouping: arithmetic + timeArithmetic + comparisons + logic + strings + maps + conversions, by: \.name)

    /// How it is written, for messages: `int + int`, `size(string)`, `string.contains(string)`.
    var signature: String {
        let names = parameters.map(\.description)
        switch style {
        case .function: return "\(name)(\(names.joined(separator: ", ")))"
        case .member: return "\(names[0]).\(name)(\(names.dropFirst().joined(separator: ", ")))"
        case .symbol where name == "[]": return "\(names[0])[\(names[1])]"
        case .symbol where names.count == 1: return (name == "neg" ? "-" : name) + names[0]
        case .symbol: return names.joined(separator: " \(name) ")
        }
    }
}
