import Clockwork
import FoundationEssentials
import HTTPTransport
import StrictJSON
import Synchronization

/// Knows how to appear before the server, and keeps up with files and credentials that are renewed.
final class Authorizer: Sendable {
    /// Kubelet rotates at 80 % of a token's life, which is never below ten minutes; reading once a minute is soon enough.
    static let rereadInterval: Duration = .seconds(60)

    /// What a request shows.
    struct Presentation: Sendable {
        /// The value of the header, nil where there is none.
        var authorization: String?
        var tls: TLSSettings
        /// Which of the plugin's credentials it is.
        fileprivate(set) var issue = 0
    }

    private let connection: ClusterConnection
    private let files: FileSource
    private let plugins: (any ExecCredentialRunner)?
    private let state: Mutex<State>
    /// One plugin runs at a time, however many requests wait for it.
    private let turn = Turn()

    private struct State: Sendable {
        var token: (text: String, readAt: Timestamp)?
        var tls: TLSSettings
        var tlsReadAt: Timestamp?
        var issued: Issued?
        var issues = 0
        var failure: (number: Int, error: KubeError)?
        var failures = 0
    }

    fileprivate struct Issued: Sendable {
        var credential: ExecCredential
        var at: Timestamp
        var number: Int
    }

    init(_ connection: ClusterConnection, files: FileSource, plugins: (any ExecCredentialRunner)?) {
        self.connection = connection
        self.files = files
        self.plugins = plugins
        state = Mutex(State(tls: connection.tls))
    }

    /// What to show now. Reads files and runs a plugin where that is due.
    func presentation(clock: any ControlClock) async throws(KubeError) -> Presentation {
        let now: Timestamp = clock.now
        var shown = Presentation(tls: tlsSettings(now: now))
        switch connection.credential {
        case .none: break
        case .token(let token): shown.authorization = "Bearer " + token
        case .basic(let user, let password): shown.authorization = "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        case .tokenFile(let path): shown.authorization = "Bearer " + (try token(in: path, now: now))
        case .exec(let plugin): shown.show(try await credential(of: plugin, after: 0, clock: clock))
        }
        return shown
    }

    /// The server, or the handshake, refused what was shown. What to try instead; nil where there is nothing else.
    ///
    /// - Parameter isUnknown: whether the server does not know us, so that a plugin is asked again.
    func replacement(for refused: Presentation, isUnknown: Bool, clock: any ControlClock) async throws(KubeError) -> Presentation? {
        let now: Timestamp = clock.now
        var shown: Presentation = refused
        shown.tls = tlsSettings(now: now, reads: true)
        switch connection.credential {
        case .none, .token, .basic: break
        case .tokenFile(let path):
            // An unreadable file is no reason to ask again; the refusal itself is reported.
            if let token = try? readToken(path, now: now) { shown.authorization = "Bearer " + token }
        case .exec(let plugin):
            let known: Issued? = state.withLock { $0.issued }
            // Somebody else may have been refused before us: then the plugin has been asked already.
            if let issued = isUnknown ? try await credential(of: plugin, after: refused.issue, clock: clock) : known { shown.show(issued) }
        }
        return shown.authorization == refused.authorization && shown.tls == refused.tls ? nil : shown
    }
}

extension Authorizer.Presentation {
    fileprivate mutating func show(_ issued: Authorizer.Issued) {
        issue = issued.number
        if let token = issued.credential.token { authorization = "Bearer " + token }
        if let pair = issued.credential.certificate {
            tls.clientCertificate = pair.chain
            tls.clientKey = pair.key
        }
    }
}

// MARK: Files

extension Authorizer {
    private func isDue(_ readAt: Timestamp?, now: Timestamp) -> Bool {
        guard let readAt else { return true }
        return now >= readAt + Self.rereadInterval || readAt > now
    }

    private func token(in path: String, now: Timestamp) throws(KubeError) -> String {
        if let known = state.withLock({ $0.token }), !isDue(known.readAt, now: now) { return known.text }
        return try readToken(path, now: now)
    }

    private func readToken(_ path: String, now: Timestamp) throws(KubeError) -> String {
        let text: String
        do throws(FileSource.Failure) {
            text = String(decoding: try files.read(path), as: UTF8.self)
        } catch {
            // While a rotation is under way the old token is still good.
            if let known = state.withLock({ $0.token }) { return known.text }
            throw .misconfigured("the token file \(path) cannot be read: \(error.cause)")
        }
        let token = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !token.isEmpty else { throw .misconfigured("the token file \(path) is empty") }
        state.withLock { $0.token = (token, now) }
        return token
    }

    /// The settings, with what stands in their files by now.
    private func tlsSettings(now: Timestamp, reads: Bool = false) -> TLSSettings {
        let paths: TLSFiles = connection.tlsFiles
        let (known, readAt): (TLSSettings, Timestamp?) = state.withLock { ($0.tls, $0.tlsReadAt) }
        guard paths != TLSFiles(), reads || isDue(readAt, now: now) else { return known }
        var settings: TLSSettings = known
        if let authorities = content(paths.certificateAuthority) { settings.certificateAuthorities = authorities }
        let chain: [UInt8]? = content(paths.clientCertificate)
        let key: [UInt8]? = content(paths.clientKey)
        // A certificate goes with its key: a renewal that has only come half way is left for the next time.
        if (chain != nil) == (paths.clientCertificate != nil), (key != nil) == (paths.clientKey != nil) {
            if let chain { settings.clientCertificate = chain }
            if let key { settings.clientKey = key }
        }
        state.withLock { ($0.tls, $0.tlsReadAt) = (settings, now) }
        return settings
    }

    /// Nil where there is no path, or no readable file at this moment: what was read before is still good then.
    private func content(_ path: String?) -> [UInt8]? {
        guard let path, let bytes = try? files.read(path), !bytes.isEmpty else { return nil }
        return bytes
    }
}

// MARK: Plugins

extension Authorizer {
    /// The credential to use: the one at hand while it lasts, else a new one.
    ///
    /// - Parameter refused: the number of one that the server does not take any more; 0 for none.
    private func credential(of plugin: ExecPlugin, after refused: Int, clock: any ControlClock) async throws(KubeError) -> Issued {
        if let issued = usable(after: refused, now: clock.now) { return issued }
        let failures: Int = state.withLock { $0.failures }
        guard await turn.take() else { throw .cancelled }
        defer { turn.give() }
        if let issued = usable(after: refused, now: clock.now) { return issued }
        // Whoever waited while it failed shares the failure: ten workers are no reason to run it ten times.
        if let failure = state.withLock({ $0.failure }), failure.number > failures { throw failure.error }
        do throws(KubeError) {
            let credential: ExecCredential = try await plugin.credential(by: plugins)
            return state.withLock { state in
                state.issues += 1
                let issued = Issued(credential: credential, at: clock.now, number: state.issues)
                state.issued = issued
                return issued
            }
        } catch {
            // Whose task was cancelled gave up for himself alone.
            if error != .cancelled {
                state.withLock { state in
                    state.failures += 1
                    state.failure = (state.failures, error)
                }
            }
            throw error
        }
    }

    private func usable(after refused: Int, now: Timestamp) -> Issued? {
        guard let issued = state.withLock({ $0.issued }), issued.number > refused else { return nil }
        return issued.credential.isUsable(at: now, issuedAt: issued.at) ? issued : nil
    }
}
