import Base
import Columns

/// What the engine says of a view's rebuild.
struct RebuildAnswer: Equatable {
    var number: Int64
    var state: String
    var recordsDone: Int64
    var recordsTotal: Int64
    var trouble: ViewTroubleText?

    /// Nil where there is none.
    init?(_ json: JSONValue?) {
        guard let json, let number = json["number"]?.int, let state = json["state"]?.string else { return nil }
        self.number = number
        self.state = state
        recordsDone = json["records_done"]?.int ?? 0
        recordsTotal = json["records_total"]?.int ?? 0
        trouble = ViewTroubleText(json["trouble"])
    }

    var isRunning: Bool { state == "running" }

    /// `1,200 of 4,000 records (30 %)`
    var progress: String {
        let share = recordsTotal > 0 ? " (\(recordsDone * 100 / recordsTotal) %)" : ""
        return "\(Figures.count(Int(recordsDone))) of \(Figures.count(Int(recordsTotal), "record"))\(share)"
    }

    /// With the pace since an earlier answer of the same rebuild.
    func progress(since first: RebuildAnswer, seconds: Double) -> String {
        let done = Double(recordsDone - first.recordsDone)
        guard done > 0, seconds > 0 else { return progress }
        let pace = done / seconds, left = Double(max(0, recordsTotal - recordsDone)) / pace
        return progress + ", \(Figures.short(pace)) records/s, \(Figures.duration(seconds: left)) left"
    }
}

/// Why a view stands still, as the engine says it.
struct ViewTroubleText: Equatable {
    var code: String
    var message: String
    var remedy: String?
    var since: EventTime?
    var nextTry: EventTime?

    /// Nil where there is none.
    init?(_ json: JSONValue?) {
        guard let json, let code = json["code"]?.string else { return nil }
        self.code = code
        message = json["message"]?.string ?? ""
        remedy = json["remedy"]?.string
        since = json["since"]?.string.flatMap { EventTime($0) }
        nextTry = json["next_try"]?.string.flatMap { EventTime($0) }
    }

    func sentence(of view: String, now: EventTime) -> String {
        let age = since.map { " for \(Figures.duration(seconds: max(0, (now - $0).seconds)))" } ?? ""
        let next = nextTry.map { ", next try in \(Figures.duration(seconds: max(0, ($0 - now).seconds)))" } ?? ""
        return "\(view) stands still\(age)\(next): \(message) [\(code)]" + (remedy.map { ". \($0)" } ?? "")
    }
}
