//! Images and launch templates.

use ports::cloud::{
    CloudError, CreateLaunchTemplate, DeleteLaunchTemplate, DescribeImages, DescribeLaunchTemplates, ErrorCode, Image,
    LaunchTemplate, LaunchTemplateId, Page,
};

use crate::{
    call::Call,
    resource::Template,
    select,
    table::Table,
    tokens::{TokenKey, digest},
};

pub(crate) fn images(call: &mut Call<'_>, ask: DescribeImages) -> Result<Page<Image>, CloudError> {
    let region = call.world.options.regions.get(&call.place.region);
    let mut table = Table::default();
    for image in region.into_iter().flat_map(|region| region.images.iter().cloned()) {
        let image = Image { tags: call.tags(image.tags)?, ..image };
        table.put(image, call.now, None);
    }
    select::describe(&table, &ask.0, call.view(), |_| true).map(select::owned)
}

pub(crate) fn create(call: &mut Call<'_>, ask: CreateLaunchTemplate) -> Result<LaunchTemplate, CloudError> {
    let key = TokenKey { action: "CreateLaunchTemplate".into(), zone: None, token: ask.client_token.clone() };
    let digest = digest(&ask);
    if let Some(made) = call.site.tokens.made(&key, digest)? {
        let id = LaunchTemplateId::new(made.clone());
        let template = call.site.templates.get(&id).map(|template| template.told.clone());
        call.repeated(&made);
        return template.ok_or_else(|| Table::<Template>::not_found(&id));
    }
    if let Some(other) = call.site.templates.named(&ask.name).next() {
        let message = format!("named a launch template {:?}: {} has that name", ask.name, other.told.id);
        return Err(CloudError::refused(ErrorCode::InvalidLaunchTemplateNameAlreadyExists, message));
    }
    for group in &ask.security_groups {
        call.site.groups.known(group, call.view())?;
    }
    let tags = call.tags(ask.tags)?;
    let id = LaunchTemplateId::new(call.id("lt"));
    let told = LaunchTemplate { id, name: ask.name, root_volume: ask.root_volume, tags };
    let template = Template { told: told.clone(), security_groups: ask.security_groups, user_data: ask.user_data };
    let lag = call.lag();
    call.site.templates.put(template, call.now, lag);
    call.created(told.id.as_str());
    call.site.tokens.spend(key.clone(), digest, Some(told.id.as_str().into()), None);
    call.token_ends(key);
    Ok(told)
}

pub(crate) fn describe(call: &mut Call<'_>, ask: DescribeLaunchTemplates) -> Result<Page<LaunchTemplate>, CloudError> {
    let page = select::describe(&call.site.templates, &ask.0, call.view(), |_| true)?;
    Ok(Page { items: page.items.into_iter().map(|template| template.told.clone()).collect(), next: page.next })
}

pub(crate) fn delete(call: &mut Call<'_>, ask: DeleteLaunchTemplate) -> Result<(), CloudError> {
    call.site.templates.known(&ask.id, call.view())?;
    let lag = call.lag();
    call.site.templates.remove(&ask.id, call.now, lag);
    call.deleted(ask.id.as_str());
    Ok(())
}
