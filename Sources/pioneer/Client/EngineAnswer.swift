import Base
import Columns

extension ErrorCode {
    static let engineAnswer = ErrorCode("client.answer")
}

/// What the engine's answers mean. Pure: status and body in, a value or an error out.
enum EngineAnswer {
    /// The JSON value of a good answer; the engine's own error, with its code and remedy, of another.
    static func value(status: Int, body: [UInt8], from address: EngineAddress) throws -> JSONValue {
        let parsed = body.withUnsafeBufferPointer { JSONValue.parse($0) }
        guard (200..<300).contains(status) else { throw error(status: status, json: try? parsed.get(), from: address) }
        guard let value = try? parsed.get() else { throw notUnderstood(body, from: address) }
        return value
    }

    /// `{"error": {"code": …, "message": …, "remedy": …, "allowed": […]}}`
    static func error(status: Int, json: JSONValue?, from address: EngineAddress) -> EngineError {
        let domain: EngineError.Domain =
            switch status {
            case 400..<500: .user
            case 500: .internal
            default: .environment
            }
        guard let body = json?["error"], let message = body["message"]?.string else {
            return EngineError(
                .engineAnswer, domain == .internal ? .environment : domain,
                "\(address.url) (\(address.origin)) answered with HTTP status \(status)",
                remedy: "Check that the address is a CloudPioneer engine's.", isTransient: status >= 500)
        }
        let allowed = body["allowed"]?.elements?.compactMap(\.string) ?? []
        let remedies = [body["remedy"]?.string, allowed.isEmpty ? nil : "Allowed: \(allowed.joined(separator: ", "))."].compactMap { $0 }
        return EngineError(
            body["code"]?.string.map { ErrorCode($0) } ?? .engineAnswer, domain, message,
            remedy: remedies.isEmpty ? nil : remedies.joined(separator: "\n"), isTransient: status >= 500)
    }

    static func notUnderstood(_ body: [UInt8], from address: EngineAddress) -> EngineError {
        let shown = CellText.cut(CellText.printable(String(decoding: body.prefix(200), as: UTF8.self)), to: 100)
        return EngineError(
            .engineAnswer, .environment, "the answer of \(address.url) (\(address.origin)) is not understood: '\(shown)'",
            remedy: "Check that the address is a CloudPioneer engine's, and that it is of the same version.")
    }
}
