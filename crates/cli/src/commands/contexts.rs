//! `atoll context`, and what is set for a context: organization, folder, project. The ring is asked only whether
//! what is to be set exists, and what it does not answer is set all the same.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    args::{ContextCommand, FolderCommand, Format, Global, OrganizationCommand, ProjectCommand},
    config::{Config, Context, Defaults, Files},
    fail::Fail,
    names::Names,
    output::{Output, note, say, table},
    session::{Session, given},
};

pub fn run(command: ContextCommand, global: &Global) -> Result<(), Fail> {
    let files = Files::find()?;
    let mut config = files.load()?;
    let output = Output::new(global);
    match command {
        ContextCommand::List => list(&config, &output),
        ContextCommand::Show { name } => {
            let (name, context) = config.named(name.as_deref().or(global.context.as_deref()))?;
            show(name, context, &output)
        }
        ContextCommand::Use { name } => {
            config.named(Some(&name))?;
            config.current_context = Some(name.clone());
            files.save(&config)?;
            say(format_args!("using {name}"))
        }
        ContextCommand::Add { name } => add(&files, config, &name, global),
        ContextCommand::Remove { name } => {
            config.named(Some(&name))?;
            config.contexts.remove(&name);
            if config.current_context.as_ref() == Some(&name) {
                config.current_context = None;
            }
            files.save(&config)?;
            take_authority(&files, &name, None, true)?;
            say(format_args!("context {name} removed"))
        }
        ContextCommand::Forget { name } => {
            let (name, _) = config.named(name.as_deref().or(global.context.as_deref()))?;
            forget(&files, name)?;
            say(format_args!("context {name}: what was seen is forgotten"))
        }
    }
}

fn add(files: &Files, mut config: Config, name: &str, global: &Global) -> Result<(), Fail> {
    let wanted = "--endpoint REGION=https://HOST:PORT, once for each region";
    if global.endpoint.is_empty() {
        return Err(Fail::usage(format!("add the context {name}: it needs an address")).next(wanted));
    }
    let mut context = given(global);
    if let Some(file) = &mut context.ca_file {
        *file =
            std::path::absolute(&*file).map_err(|error| Fail::usage(format!("find {}: {error}", file.display())))?;
    }
    let known = |region: &String| context.endpoints.iter().any(|one| one.region == *region);
    if let Some(region) = context.preferred_region.as_ref().filter(|region| !known(region)) {
        return Err(Fail::usage(format!("prefer the region {region:?}: wanted the region of an endpoint")).next(wanted));
    }
    let authority = context.ca_file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    let endpoints = context.endpoints.clone();
    let replaced = config.contexts.insert(name.to_owned(), context);
    let current = config.current_context.get_or_insert_with(|| name.to_owned()).clone();
    files.save(&config)?;
    let moved = replaced.as_ref().is_none_or(|before| before.endpoints != endpoints);
    take_authority(files, name, authority, moved)?;
    say(format_args!("context {name} {}", if replaced.is_some() { "replaced" } else { "added" }))?;
    if current != name {
        note(format_args!("the current context is {current}; `atoll context use {name}` changes that"));
    }
    Ok(())
}

/// Keeps the authority that a context trusts. With another one, or at other addresses, it may be another ring under the same name: what was
/// seen is forgotten.
fn take_authority(files: &Files, name: &str, authority: Option<String>, moved: bool) -> Result<(), Fail> {
    let mut state = files.state();
    let before = state.clone();
    if moved || state.authorities.get(name) != authority.as_ref() {
        state.tokens.remove(name);
    }
    match authority {
        Some(pem) => state.authorities.insert(name.to_owned(), pem),
        None => state.authorities.remove(name),
    };
    if state == before { Ok(()) } else { files.save_state(&state) }
}

fn forget(files: &Files, name: &str) -> Result<(), Fail> {
    let mut state = files.state();
    match state.tokens.remove(name) {
        Some(_) => files.save_state(&state),
        None => Ok(()),
    }
}

fn list(config: &Config, output: &Output) -> Result<(), Fail> {
    let current = |name: &str| config.current_context.as_deref() == Some(name);
    match output.format {
        Format::Json | Format::Yaml => {
            let items: Vec<Value> =
                config.contexts.iter().map(|(name, context)| as_json(name, context, current(name))).collect();
            output.value(&json!({ "items": items }))
        }
        Format::Name => config.contexts.keys().try_for_each(say),
        Format::Table | Format::Wide | Format::Csv => {
            if config.contexts.is_empty() {
                note("no contexts; `atoll context add NAME --endpoint REGION=https://HOST:PORT` makes one");
                return Ok(());
            }
            let row = |(name, context): (&String, &Context)| {
                let mark = if current(name) { "*" } else { "" };
                let mut regions: Vec<&str> = context.endpoints.iter().map(|one| one.region.as_str()).collect();
                regions.dedup();
                let preferred = context.preferred_region.clone().unwrap_or_else(|| "-".to_owned());
                let organization = context.defaults.organization.clone().unwrap_or_else(|| "-".to_owned());
                vec![mark.to_owned(), name.clone(), regions.join(","), preferred, organization]
            };
            let headers = ["CURRENT", "NAME", "REGIONS", "PREFERRED", "ORGANIZATION"].map(str::to_owned).to_vec();
            say(table(headers, config.contexts.iter().map(row).collect()))
        }
    }
}

fn show(name: &str, context: &Context, output: &Output) -> Result<(), Fail> {
    if output.for_programs() {
        return output.value(&as_json(name, context, false));
    }
    let text = toml::to_string_pretty(context).map_err(|error| Fail::plain(format!("write the context: {error}")))?;
    say(format_args!("name = {name:?}\n{}", text.trim_end()))
}

fn as_json(name: &str, context: &Context, current: bool) -> Value {
    let endpoints: Vec<Value> =
        context.endpoints.iter().map(|one| json!({ "region": one.region, "address": one.address })).collect();
    let mut value = json!({ "name": name, "endpoints": endpoints });
    if let Value::Object(fields) = &mut value {
        let texts = [
            ("preferredRegion", context.preferred_region.clone()),
            ("caFile", context.ca_file.as_ref().map(|file| file.display().to_string())),
            ("organization", context.defaults.organization.clone()),
            ("folder", context.defaults.folder.clone()),
            ("project", context.defaults.project.clone()),
        ];
        for (field, text) in texts {
            fields.extend(text.map(|text| (field.to_owned(), Value::from(text))));
        }
        if current {
            fields.insert("current".to_owned(), Value::from(true));
        }
    }
    value
}

/// So long an answer is waited for that only warns.
const CHECKED_WITHIN: Duration = Duration::from_secs(2);

/// Refuses a name that the ring says is not there. Who cannot be asked is no hindrance: a context may be prepared before its ring is up.
async fn check(global: &Global, name: &str) -> Result<(), Fail> {
    let global = Global { timeout: global.timeout.min(CHECKED_WITHIN), ..global.clone() };
    let Ok(session) = Session::open(&global) else {
        note(format_args!("warning: whether {name} exists was not checked"));
        return Ok(());
    };
    let read = session.read();
    let refused = match name.split('/').nth(2) {
        None => session.client.organizations().get(name, &read).await.err(),
        Some("folders") => session.client.folders().get(name, &read).await.err(),
        Some(_) => session.client.projects().get(name, &read).await.err(),
    };
    match refused {
        Some(error) if error.is("NOT_FOUND") => Err(session.failed(&format!("set {name}"), &error)),
        Some(error) => {
            note(format_args!("warning: whether {name} exists was not checked: {}", error.message));
            Ok(())
        }
        None => Ok(()),
    }
}

/// Changes what is set. `act` says what is named by that, if anything, and what to tell.
async fn change(
    global: &Global,
    act: impl FnOnce(&Names, &mut Defaults) -> Result<(Option<String>, String), Fail>,
) -> Result<bool, Fail> {
    let files = Files::find()?;
    let mut config = files.load()?;
    let (name, context) = config.named(global.context.as_deref())?;
    let (name, mut context) = (name.to_owned(), context.clone());
    let (named, text) = act(&Names::new(context.defaults.clone()), &mut context.defaults)?;
    if let Some(named) = &named {
        check(global, named).await?;
    }
    config.contexts.insert(name, context);
    files.save(&config)?;
    say(text)?;
    Ok(true)
}

/// `organization set` and `unset`. A folder or project of another organization is no longer set.
pub async fn sticky_organization(command: &OrganizationCommand, global: &Global) -> Result<bool, Fail> {
    match command {
        OrganizationCommand::Set { name } => {
            change(global, |_, defaults| {
                let name = Names::organization(name)?;
                if defaults.organization.as_ref() != Some(&name) {
                    *defaults = Defaults { organization: Some(name.clone()), ..Defaults::default() };
                }
                let text = format!("organization set to {name}");
                Ok((Some(name), text))
            })
            .await
        }
        OrganizationCommand::Unset => {
            change(global, |_, defaults| {
                *defaults = Defaults::default();
                Ok((None, "no organization, folder or project is set".to_owned()))
            })
            .await
        }
        _ => Ok(false),
    }
}

pub async fn sticky_folder(command: &FolderCommand, global: &Global) -> Result<bool, Fail> {
    match command {
        FolderCommand::Set { name } => {
            change(global, |names, defaults| {
                let name = names.folder(name)?;
                defaults.organization.get_or_insert_with(|| Names::organization_of(&name));
                defaults.folder = Some(name.clone());
                let text = format!("folder set to {name}");
                Ok((Some(name), text))
            })
            .await
        }
        FolderCommand::Unset => {
            change(global, |_, defaults| {
                defaults.folder = None;
                Ok((None, "no folder is set".to_owned()))
            })
            .await
        }
        _ => Ok(false),
    }
}

pub async fn sticky_project(command: &ProjectCommand, global: &Global) -> Result<bool, Fail> {
    match command {
        ProjectCommand::Set { name } => {
            change(global, |names, defaults| {
                let name = names.project(name)?;
                defaults.organization.get_or_insert_with(|| Names::organization_of(&name));
                defaults.project = Some(name.clone());
                let text = format!("project set to {name}");
                Ok((Some(name), text))
            })
            .await
        }
        ProjectCommand::Unset => {
            change(global, |_, defaults| {
                defaults.project = None;
                Ok((None, "no project is set".to_owned()))
            })
            .await
        }
        _ => Ok(false),
    }
}
