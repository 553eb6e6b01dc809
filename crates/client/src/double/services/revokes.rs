//! Revokes of the double: they are kept, and nobody goes by them. It remembers no request.

use api::v1::{self, fact::After, revokes_server::Revokes};
use tonic::{Request, Response, Status};

use super::{
    super::state::{exists, not_found},
    Service,
    writes::page,
};

type Answer<T> = Result<Response<T>, Status>;

const AUTHOR: &str = "user:ada@example.com";

#[tonic::async_trait]
impl Revokes for Service {
    async fn create_revoke(&self, request: Request<v1::CreateRevokeRequest>) -> Answer<v1::Revoke> {
        self.enter(true).await?;
        let r = request.into_inner();
        let region = if r.location.is_empty() { &self.region } else { r.location.trim_start_matches("locations/") };
        let (log, name) = (format!("region/{region}"), format!("{}/revokes/{region}.{}", r.parent, r.request_id));
        let made = self.ring.change(|state| {
            let stamp = state.stamp(&log, &r.request_id);
            let given = r.revoke.unwrap_or_default();
            let (author, create_time) = (AUTHOR.to_owned(), stamp.time);
            let made = v1::Revoke { name: name.clone(), author, create_time, etag: stamp.etag, ..given };
            if !r.validate_only {
                state.append(&log, &r.request_id, "revoke-issued", &name, Some(After::Revoke(made.clone())));
                state.revokes.insert(name, made.clone());
            }
            Ok::<_, Status>(made)
        })?;
        Ok(self.answer(made))
    }

    async fn list_revokes(&self, request: Request<v1::ListRevokesRequest>) -> Answer<v1::ListRevokesResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let inside = |of: &&v1::Revoke| of.name.starts_with(&format!("{}/", r.parent));
            let shown = |of: &&v1::Revoke| inside(of) && (r.show_lifted || of.lift.is_none());
            let items = state.revokes.values().filter(shown).cloned().collect();
            let (revokes, next_page_token) = page(items, r.page_size, &r.page_token);
            Ok(v1::ListRevokesResponse { revokes, next_page_token })
        })
        .await
    }

    async fn lift_revoke(&self, request: Request<v1::LiftRevokeRequest>) -> Answer<v1::Lift> {
        self.enter(true).await?;
        let r = request.into_inner();
        let made = self.ring.change(|state| {
            let stamp = state.stamp("global", &r.request_id);
            let revoke = state.revokes.get_mut(&r.name).ok_or_else(|| not_found(&r.name))?;
            if revoke.lift.is_some() {
                return Err(exists(&r.name));
            }
            let (author, create_time) = (AUTHOR.to_owned(), stamp.time);
            let made = v1::Lift { name: r.name.clone(), reason: r.reason, author, create_time, etag: stamp.etag };
            revoke.lift = Some(made.clone());
            state.append("global", &r.request_id, "revoke-lifted", &r.name, Some(After::Lift(made.clone())));
            Ok(made)
        })?;
        Ok(self.answer(made))
    }

    async fn get_break_glass(&self, request: Request<v1::GetBreakGlassRequest>) -> Answer<v1::BreakGlass> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let none = || v1::BreakGlass { name: r.name.clone(), etag: "0".to_owned(), ..Default::default() };
            Ok(state.break_glass.get(&r.name).cloned().unwrap_or_else(none))
        })
        .await
    }

    async fn set_break_glass(&self, request: Request<v1::SetBreakGlassRequest>) -> Answer<v1::BreakGlass> {
        self.enter(true).await?;
        let r = request.into_inner();
        let made = self.ring.change(|state| {
            let stamp = state.stamp("global", &r.request_id);
            let given = r.break_glass.unwrap_or_default();
            let (author, update_time) = (AUTHOR.to_owned(), stamp.time);
            let made = v1::BreakGlass { author, update_time, etag: stamp.etag, ..given };
            let after = Some(After::BreakGlass(made.clone()));
            state.append("global", &r.request_id, "break-glass-named", &made.name, after);
            state.break_glass.insert(made.name.clone(), made.clone());
            Ok::<_, Status>(made)
        })?;
        Ok(self.answer(made))
    }
}
