public import Base
import Columns

/// The errors that all stores of views share.
extension ErrorCode {
    /// A query or change names a view that was not prepared.
    public static let viewUnknown = ErrorCode("view.unknown")
    /// A view's definition does not fit the table that is there.
    public static let viewIncompatible = ErrorCode("view.incompatible")
    /// A view's definition cannot become a table.
    public static let viewDefinition = ErrorCode("view.definition")
    /// A view was filled from another log.
    public static let viewOtherLog = ErrorCode("view.other_log")
    /// A query or change does not fit the view's definition: its maker did not check it.
    public static let viewMismatch = ErrorCode("view.mismatch")
    public static let viewNewerFormat = ErrorCode("view.newer_format")
    public static let viewForeignFile = ErrorCode("view.foreign_file")
    public static let viewDiskFull = ErrorCode("view.disk_full")
    public static let viewLocked = ErrorCode("view.locked")
    public static let viewCorrupt = ErrorCode("view.corrupt")
    public static let viewNotWritable = ErrorCode("view.not_writable")
    public static let viewIO = ErrorCode("view.io")
    /// More queries at once than are taken.
    public static let viewBusy = ErrorCode("view.busy")
    /// A statement took longer than allowed, or somebody cancelled it.
    public static let viewTimedOut = ErrorCode("view.timed_out")
    /// A view's table is not as `prepare` has made it: somebody removed it, or something of it.
    public static let viewTableGone = ErrorCode("view.table_gone")
    public static let viewClosed = ErrorCode("view.closed")
    /// An error of the database that none of the above is: a defect.
    public static let viewSQL = ErrorCode("view.sql")
}

extension EngineError {
    /// `view.unknown`, with the nearest of the names there are.
    public static func viewUnknown(_ name: String, among names: some Collection<String>) -> EngineError {
        let nearest = nearestName(to: name, among: names).map { "Did you mean '\($0)'? " } ?? ""
        let known = names.isEmpty ? "There are no views." : "There are: " + names.sorted().map { "'\($0)'" }.joined(separator: ", ") + "."
        return EngineError(.viewUnknown, .user, "there is no view '\(name)'", remedy: nearest + known)
    }

    /// `view.sum_overflow`; the sum as a person reads it.
    public static func viewSumOverflow(_ sum: some StringProtocol) -> EngineError {
        EngineError(
            .viewSumOverflow, .user, "a sum of whole numbers is \(sum), beyond 64 bits",
            remedy: "Narrow the conditions or group by more columns; avg() has no such limit.")
    }
}
